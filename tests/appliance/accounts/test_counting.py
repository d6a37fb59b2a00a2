"""C08: attempts to sign in are counted for all processes together, over restarts, and then forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import Counter
from appliance.accounts.tasks import forget_expired_sign_ins
from tests.appliance.accounts.test_local_sign_in import LOCKED, PASSWORD, attempt
from tests.conftest import UserFactory
from tests.processes import product_environment

pytestmark = [pytest.mark.services, pytest.mark.django_db]

# A web process of its own, which ends afterwards: as before a restart, or beside this one.
OTHER_PROCESS = """
import json, django
from django.conf import settings
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
django.setup()
from django.test import Client
names = {"login": "reader", "password": "wrong"}
answers = [
    Client().post("/accounts/login/", names, REMOTE_ADDR=f"10.0.1.{n}") for n in range(5)
]
print(json.dumps([b"Too many failed" in answer.content for answer in answers]))
"""


@pytest.mark.django_db(transaction=True)
def test_what_another_process_counted_locks_the_name_here(
    user_factory: UserFactory, client: Client, tmp_path: Path
) -> None:
    user_factory("reader")
    done = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS],
        env=product_environment(tmp_path, PLUMBLINE_HOSTS="testserver"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [False] * 5
    assert LOCKED in attempt(client, "reader", PASSWORD).content
    assert "_auth_user_id" not in client.session
    Counter.objects.update(expires_at=timezone.now())
    attempt(client, "reader", PASSWORD)
    assert "_auth_user_id" in client.session


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_at_once_one_is_first() -> None:
    def add(number: int) -> bool:
        try:
            return bool(cache.add("lock", number, 60))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(24))) == 1


def test_values_come_back_as_they_were_and_end() -> None:
    assert cache.get("none", "default") == "default"
    for value in ([1.5, 2.5], True, "used", 1, {"a": None}):
        cache.set("one", value, 60)
        assert cache.get("one") == value
    assert not cache.add("one", 2, 60)
    cache.set("one", 3, 0)  # over at once
    assert cache.get("one") is None
    assert not cache.touch("one", 60)
    assert cache.add("one", 4, 60)
    assert cache.touch("one", None)
    assert Counter.objects.get().expires_at > timezone.now() + timedelta(days=365)
    assert (cache.delete("one"), cache.delete("one")) == (True, False)


def test_what_is_over_is_forgotten_and_the_rest_kept() -> None:
    cache.set("over", 1, -5)
    cache.set("kept", 1, 60)
    forget_expired_sign_ins()
    assert [one.key.rpartition(":")[2] for one in Counter.objects.all()] == ["kept"]
    cache.clear()
    assert not Counter.objects.exists()


def test_a_name_is_kept_as_a_hash(client: Client, user_factory: UserFactory) -> None:
    started = time.time()
    attempt(client, "somebody's name")
    kept = {one.key: one.value for one in Counter.objects.all()}
    assert len(kept) == 3  # sign-ins of the address, failures of it, and of the name
    assert not any("somebody" in key for key in kept)
    assert all(started <= value[0] <= time.time() for value in kept.values())
