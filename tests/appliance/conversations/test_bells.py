"""Bells: heard once what rings is committed, by every stream of that answer and by no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction

from appliance.conversations import bells
from appliance.conversations.bells import Bell, bell_of, ring

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

LONG_S, SHORT_S = 20.0, 0.2
ANSWER, OTHER = uuid4(), uuid4()


async def heard(bell: Bell) -> Bell:
    """Wait until the database is heard."""
    async with asyncio.timeout(LONG_S):
        while not bell.is_heard:
            await asyncio.sleep(0.02)
    return bell


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async_to_sync(journey)()


def test_both_streams_of_an_answer_are_woken_and_no_other() -> None:
    async def journey() -> None:
        async with bell_of(ANSWER) as first, bell_of(ANSWER) as second, bell_of(OTHER) as other:
            await heard(first)
            await sync_to_async(ring)(ANSWER)
            assert await first.wait(LONG_S)
            assert await second.wait(LONG_S)
            assert not await other.wait(SHORT_S)

    run(journey)


def test_what_is_not_committed_rings_nothing() -> None:
    def undone() -> None:
        with transaction.atomic():
            ring(ANSWER)
            transaction.set_rollback(True)

    async def journey() -> None:
        async with bell_of(ANSWER) as bell:
            await heard(bell)
            await sync_to_async(undone)()
            assert not await bell.wait(SHORT_S)

    run(journey)


def test_many_rings_before_one_looks_are_one() -> None:
    async def journey() -> None:
        async with bell_of(ANSWER) as bell:
            await heard(bell)
            for _ in range(5):
                await sync_to_async(ring)(ANSWER)
            await asyncio.sleep(SHORT_S)
            assert [await bell.wait(LONG_S), await bell.wait(SHORT_S)] == [True, False]

    run(journey)


def test_a_loud_ring_ends_a_rest_and_a_soft_one_does_not() -> None:
    async def journey() -> None:
        async with bell_of(ANSWER) as bell:
            await heard(bell)
            await sync_to_async(ring)(ANSWER)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(bell.rest(LONG_S), SHORT_S)
            assert await bell.wait(LONG_S)
            await sync_to_async(ring)(ANSWER, loudly=True)
            await asyncio.wait_for(bell.rest(600.0), LONG_S)
            assert await bell.wait(LONG_S)
            with pytest.raises(TimeoutError):  # it was heard: the next rest is a rest again
                await asyncio.wait_for(bell.rest(LONG_S), SHORT_S)

    run(journey)


def test_a_connection_that_was_cut_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "RETRY_S", 0.05)

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
            assert cursor.rowcount == 1

    async def journey() -> None:
        async with bell_of(ANSWER) as bell:
            await heard(bell)
            await sync_to_async(cut)()
            async with asyncio.timeout(LONG_S):
                while bell.is_heard:
                    await asyncio.sleep(0.02)
            await heard(bell)
            await sync_to_async(ring)(ANSWER)
            assert await bell.wait(LONG_S)

    run(journey)


def test_nobody_listens_when_nobody_follows() -> None:
    def listening() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
            return int(cursor.fetchone()[0])

    async def journey() -> None:
        async with bell_of(ANSWER) as bell:
            await heard(bell)
            assert await sync_to_async(listening)() == 1
        async with asyncio.timeout(LONG_S):
            while await sync_to_async(listening)():
                await asyncio.sleep(0.02)

    run(journey)


def test_nobody_goes_on_listening_when_the_end_was_swallowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `asyncio.wait_for` may do it before Python 3.12, by which psycopg waits."""
    connect = psycopg.AsyncConnection.connect

    async def swallowing(*given: Any, **named: Any) -> psycopg.AsyncConnection:
        connecting = asyncio.create_task(connect(*given, **named))
        while True:
            with suppress(asyncio.CancelledError):
                return await asyncio.shield(connecting)

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", swallowing)

    async def journey() -> None:
        before = len(asyncio.all_tasks())
        async with bell_of(ANSWER):
            await asyncio.sleep(0)  # it connects
            assert len(asyncio.all_tasks()) > before
        async with asyncio.timeout(LONG_S):
            while len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0.02)

    run(journey)


def test_without_a_database_to_hear_a_bell_says_so() -> None:
    async def journey() -> None:
        async with bell_of(ANSWER) as bell:
            assert not bell.is_heard
            assert not await bell.wait(0.0)

    run(journey)
