"""Requests of different people follow each other on one connection, and nothing is left on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, connections, transaction
from pytest_django import Settings

from appliance.common.postgresql import base
from appliance.common.postgresql.base import forget_all
from appliance.config.sharing import KEEPING, shared
from indexer import wall
from indexer.scope import Scope

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def keeping(settings: Settings) -> Iterator[None]:
    """Let threads share connections, as the web does behind the second wall."""
    settings.DATABASE_ROLE = "web"
    before = connections.settings["default"]["ENGINE"]
    connections.settings["default"]["ENGINE"] = KEEPING
    try:
        yield
    finally:
        connections.settings["default"]["ENGINE"] = before
        forget_all()


def as_request(work: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """Do this as a request does: in a thread of its own, which gives the connection back."""

    def asked() -> tuple[int, str]:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asked).result()


def held(scope: Scope | None, *, breaks: bool = False) -> tuple[int, str]:
    """Return the server's process, and the word that it holds for this request."""
    if scope is not None:
        wall.enter(scope)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), current_setting('plumbline.scope', true)")
        pid, word = cursor.fetchone()
    if breaks:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
    return pid, word


@pytest.mark.parametrize("breaks", [False, True])
def test_who_comes_next_on_a_connection_holds_nothing_of_who_was_before(
    keeping: None, *, breaks: bool
) -> None:
    pid, word = as_request(lambda: held(Scope(frozenset({4711})), breaks=breaks))
    assert word.endswith(".4711")
    assert as_request(lambda: held(None)) == (pid, "")
    assert as_request(lambda: held(Scope())) == (pid, "")
    assert as_request(lambda: held(Scope(frozenset({4712}))))[1].endswith(".4712")


def test_a_connection_that_the_server_ended_is_given_to_nobody(keeping: None) -> None:
    pid, _ = as_request(lambda: held(None))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])
    assert as_request(lambda: held(None))[0] != pid


def test_what_is_under_way_is_not_handed_on(keeping: None) -> None:
    def leaves() -> tuple[int, str]:
        found = held(None)
        connection.cursor().execute("BEGIN")
        return found

    pid, _ = as_request(leaves)
    assert as_request(lambda: held(None))[0] != pid


def test_more_than_are_needed_are_closed(keeping: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_KEPT", 0)
    pid, _ = as_request(lambda: held(None))
    assert as_request(lambda: held(None))[0] != pid


def test_only_the_web_shares_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    database = {"ENGINE": "django.db.backends.postgresql"}
    monkeypatch.setenv("PLUMBLINE_DATABASE_ROLE", "ask")
    assert shared(database) == database
    monkeypatch.setenv("PLUMBLINE_DATABASE_ROLE", "web")
    assert shared(database) == {"ENGINE": KEEPING}
    monkeypatch.setenv("PLUMBLINE_KEEP_CONNECTIONS", "false")
    assert shared(database) == database
