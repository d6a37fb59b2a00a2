"""The runtime role on the tests' own connection: from here on it owns nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from pytest_django import Settings

from appliance.web import walls
from indexer import wall
from indexer.scope import Scope

ROLE = f"plumbline_test_{os.getpid()}"


@contextmanager
def as_runtime_role(settings: Settings) -> Iterator[None]:
    """Become the runtime role, in the transaction of the test, which takes the role back with it."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    settings.DATABASE_RUNTIME_ROLE = ROLE
    walls.put_up()
    settings.DATABASE_ROLE = "web"
    wall.enter(Scope())
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    wall.enter(Scope())
    settings.DATABASE_ROLE = "owner"
