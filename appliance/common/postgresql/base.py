"""Django's backend for PostgreSQL, but a connection that is given back is kept for the next request.

Django finds this module by its name. Nobody ever waits here: who finds no connection that is kept,
and whole, makes a new one, so that an outage is told of at once and is over at once.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import Connection, IsolationLevel
from psycopg.pq import TransactionStatus

MOST_KEPT = 20
IDLE_S = 60.0  # then it is closed, once somebody else gives one back

_kept: deque[tuple[float, Connection[Any]]] = deque()


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes connections from those that are kept, and gives them back."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        found = _take()
        if found is None:
            return super().get_new_connection(conn_params)
        self.isolation_level = IsolationLevel.READ_COMMITTED  # as for every new one
        return found

    def _close(self) -> None:
        if self.connection is None or (not self.in_atomic_block and _keep(self.connection)):
            return
        with self.wrap_database_errors:
            self.connection.close()


def forget_all() -> None:
    """Close everything that is kept."""
    while _kept:
        _kept.pop()[1].close()


def _take() -> Connection[Any] | None:
    """Return the one that was used last, if the server still answers on it."""
    while True:
        try:
            _, found = _kept.pop()
        except IndexError:
            return None
        try:
            found.execute("SELECT 1")
        except psycopg.Error:
            found.close()
        else:
            return found


def _keep(given: Connection[Any]) -> bool:
    """Keep a connection on which nothing is under way; return whether that was possible."""
    if given.closed or not given.autocommit:
        return False
    if given.info.transaction_status != TransactionStatus.IDLE or len(_kept) >= MOST_KEPT:
        return False
    now = time.monotonic()
    _kept.append((now, given))
    with suppress(IndexError):  # another thread took the last one
        if _kept[0][0] < now - IDLE_S:
            _kept.popleft()[1].close()
    return True
