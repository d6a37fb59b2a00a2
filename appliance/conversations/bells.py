"""Wakes the streams of an answer when more of it is written down: PostgreSQL's NOTIFY and LISTEN.

A bell says that there is something to see, never what: each stream then looks as its reader may. It is
rung loudly for what nobody should wait for: the first words, and the end.
One connection of each web process listens, while anybody follows an answer. Losing it, or a bell,
loses nothing: streams look by themselves too, and more often while nothing can be heard.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo

CHANNEL = "plumbline_answers"
RETRY_S = 2.0
LOUD = "!"

logger = logging.getLogger(__name__)


def ring(message_id: UUID, *, loudly: bool = False) -> None:
    """Wake whoever follows this answer, once the caller's transaction is committed; loudly, those
    too who rest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{message_id}{LOUD * loudly}"])


class Bell:
    """Of one stream: rung when its answer has been written on."""

    def __init__(self, tower: _Tower) -> None:
        self._tower = tower
        self._rung = asyncio.Event()
        self._rung_loudly = asyncio.Event()

    @property
    def is_heard(self) -> bool:
        """Return whether the database can be heard at this moment."""
        return self._tower.is_listening

    def ring(self, *, loudly: bool = False) -> None:
        self._rung.set()
        if loudly:
            self._rung_loudly.set()

    async def rest(self, seconds: float) -> None:
        """Rest for so long, or until it rings loudly."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung_loudly.wait(), seconds)

    async def wait(self, seconds: float) -> bool:
        """Wait until it rings, or for so long; return whether it rang. Several rings are one."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        rang = self._rung.is_set()
        self._rung.clear()
        self._rung_loudly.clear()
        return rang


class _Tower:
    """Of one event loop: the connection that listens, and the bells of its streams."""

    def __init__(self) -> None:
        self.is_listening = False
        self._bells: dict[str, set[Bell]] = {}
        self._task: asyncio.Task[None] | None = None

    def hang(self, message_id: UUID) -> Bell:
        bell = Bell(self)
        self._bells.setdefault(str(message_id), set()).add(bell)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        return bell

    def take_down(self, message_id: UUID, bell: Bell) -> None:
        bells = self._bells[str(message_id)]
        bells.discard(bell)
        if not bells:
            del self._bells[str(message_id)]
        if not self._bells and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _listen(self) -> None:
        while self._is_on_duty():
            try:
                await self._hear()
            except psycopg.Error as exc:
                logger.warning("no bells from the database: %s", type(exc).__name__)
            await asyncio.sleep(RETRY_S)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(_address(), autocommit=True) as heard:
            await heard.execute(f"LISTEN {CHANNEL}")
            if not self._is_on_duty():
                return
            self.is_listening = True
            try:
                async for notice in heard.notifies():
                    if not self._is_on_duty():
                        return
                    message_id = notice.payload.removesuffix(LOUD)
                    for bell in self._bells.get(message_id, ()):
                        bell.ring(loudly=message_id != notice.payload)
            finally:
                self.is_listening = False

    def _is_on_duty(self) -> bool:
        """Return whether the running task is the one that listens: before Python 3.12 `wait_for`, by
        which psycopg waits, can swallow that it was cancelled."""
        return self._task is asyncio.current_task()


def _address() -> str:
    """Return where Django's database is, for a connection of our own."""
    parameters = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port"}
    return make_conninfo(**{n: str(value) for n, value in parameters.items() if n in names})


_towers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Tower] = WeakKeyDictionary()


@asynccontextmanager
async def bell_of(message_id: UUID) -> AsyncIterator[Bell]:
    """Give the bell of an answer as long as it is followed."""
    tower = _towers.setdefault(asyncio.get_running_loop(), _Tower())
    bell = tower.hang(message_id)
    try:
        yield bell
    finally:
        tower.take_down(message_id, bell)
