"""A record to tamper with: some events, as the product writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.audit.recording import Lines, Target, record

Tamper = Callable[..., None]


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    """Give each test a data folder, and so a key and a file of heads, of its own."""
    settings.PLUMBLINE_HOME = tmp_path / "home"
    return tmp_path / "home"


@pytest.fixture
def events(db: None) -> list[Event]:
    """Write ten records; every other one says that lines were shown."""
    return [
        record(
            Action.FILE_READ if number % 2 else Action.SIGNED_IN,
            actor=f"person {number}",
            target=Target("file", str(number), f"shop:src/{number}.py"),
            shown=[Lines("shop", f"src/{number}.py", 1, 40, "c0ffee", "grant 1")]
            if number % 2
            else (),
        )
        for number in range(1, 11)
    ]


@pytest.fixture
def tamper(db: None) -> Iterator[Tamper]:
    """Run SQL as somebody who owns the database and has switched the triggers off."""

    def run(sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(sql, parameters)
            cursor.execute("RESET session_replication_role")

    yield run
    run("DELETE FROM audit_exposure WHERE event_id NOT IN (SELECT sequence FROM audit_event)")
