"""Writers at once make one chain; a killed writer leaves a whole one; a broken table stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction

from appliance.audit.actions import Action
from appliance.audit.errors import NotRecorded
from appliance.audit.models import Event, Exposure
from appliance.audit.recording import Lines, record
from appliance.audit.verifying import verify

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

WRITERS, EACH = 8, 12


def _write(writer: int) -> None:
    try:
        for number in range(EACH):
            with transaction.atomic():
                record(Action.SEARCHED, actor=f"writer {writer}", details={"number": number})
                if number % 4 == 3:
                    transaction.set_rollback(True)
    finally:
        connections.close_all()


def test_writers_at_once_make_one_chain_without_gaps() -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(_write, range(WRITERS)))
    report = verify()
    kept = WRITERS * EACH * 3 // 4
    assert (report.problem, report.checked, report.last) == (None, kept, kept)


SCRIPT = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
from django.conf import settings
from django.db import connection
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
from appliance.audit.actions import Action
from appliance.audit.recording import Lines, record
print("ready", flush=True)
while True:
    record(Action.FILE_READ, actor="writer", shown=[Lines("shop", "cart.py", 1, 9)] * 20)
"""


def test_a_killed_writer_leaves_a_whole_chain() -> None:
    environment = {**os.environ, "PLUMBLINE_HOME": str(settings.PLUMBLINE_HOME)}
    name = connection.settings_dict["NAME"]
    record(Action.SIGNED_IN, actor="first")  # the key is there before the other process
    for _ in range(2):
        writer = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, name], stdout=subprocess.PIPE, env=environment, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        before = Event.objects.count()
        deadline = time.monotonic() + 30
        while Event.objects.count() < before + 5:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
        writer.stdout.close()
    record(Action.SIGNED_IN, actor="last")
    report = verify()
    assert report.problem is None
    assert Exposure.objects.count() == 20 * (report.checked - 2)


@contextmanager
def _without(table: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")


def _make_a_group() -> None:
    with transaction.atomic():
        Group.objects.create(name="made without a record")
        record(Action.GROUP_CREATED, actor="somebody")


def test_what_cannot_be_recorded_does_not_happen() -> None:
    with _without("audit_event"), pytest.raises(NotRecorded):
        _make_a_group()
    assert not Group.objects.exists()


def test_who_catches_the_error_still_keeps_nothing() -> None:
    """The transaction is lost, whatever the caller does about it."""
    with _without("audit_exposure"), transaction.atomic():
        Group.objects.create(name="made without a record")
        with suppress(NotRecorded):
            record(Action.FILE_READ, actor="somebody", shown=[Lines("shop", "cart.py", 1, 2)])
    assert not Group.objects.exists()
    assert not Event.objects.exists()
