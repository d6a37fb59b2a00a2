"""The second wall: row-level security, told by a signed word on whose behalf a connection reads.

The runtime role owns no table. Policies let it see a source's rows, and texts by the rules for their
paths, only while the connection holds a scope that the database can verify: signed with a key which that role cannot read, for this
backend alone, and for an hour. A role that sets the variable by itself sees nothing. The first wall
is `retrieval/visible.sql`; docs/decisions/0036-a-second-wall.md says what stands behind this one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from asgiref.local import Local
from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.pq import TransactionStatus

from indexer.scope import Scope

ALL = "all"
VARIABLE, RULES_VARIABLE = "plumbline.scope", "plumbline.rules"
LIFETIME_S = 3600
BLOCK_BYTES = 64  # of SHA-256, as HMAC pads its key
SET = "SELECT set_config(%s, %s, false), set_config(%s, %s, false)"


@dataclass(frozen=True, slots=True)
class Said:
    """On whose behalf a connection reads."""

    sources: str = ""
    # Beside the word, which is verified by most statements: it holds their hash.
    rules: str = ""

    @property
    def signed(self) -> str:
        if not self.rules:
            return self.sources
        return f"{self.sources}.{hashlib.sha256(self.rules.encode()).hexdigest()}"


EVERYTHING = Said(ALL)

# As connections are: one for each thread, whatever task runs in it.
_now = Local(thread_critical=True)


def is_up() -> bool:
    """Return whether this process connects as the role that the wall is for."""
    return settings.DATABASE_ROLE != "owner"


def pads(secret_key: str) -> tuple[bytes, bytes]:
    """Return HMAC's inner and outer key: with them the database can verify by SHA-256 alone."""
    key = _key(secret_key).ljust(BLOCK_BYTES, b"\0")
    return bytes(one ^ 0x36 for one in key), bytes(one ^ 0x5C for one in key)


def _key(secret_key: str) -> bytes:
    return hashlib.sha256(b"plumbline wall\0" + secret_key.encode()).digest()


def signed(said: str, backend: int) -> str:
    """Return a scope as a connection may hold it."""
    payload = f"{backend}.{int(time.time()) + LIFETIME_S}.{said}"
    mac = hmac.new(_key(settings.SECRET_KEY), payload.encode(), "sha256").hexdigest()
    return f"{mac}.{payload}"


def enter(scope: Scope) -> None:
    """Read on behalf of this scope from here on, until another is entered."""
    _hold(_said(scope))


@contextmanager
def behind(scope: Scope) -> Iterator[None]:
    """Read on behalf of this scope within the block."""
    with _holding(_said(scope)):
        yield


@contextmanager
def as_appliance() -> Iterator[None]:
    """Read what is nobody's: catalogs that know no reader, and what admins manage."""
    with _holding(EVERYTHING):
        yield


def _said(scope: Scope) -> Said:
    return Said(",".join(map(str, sorted(scope.source_ids))), _rules_of(scope))


def _rules_of(scope: Scope) -> str:
    """Return the rules of the sources that are read in part; nothing when there are none."""
    if not scope.rules:
        return ""
    partial = json.dumps(sorted({str(rule.source_id) for rule in scope.rules}))
    return f'{{"partial":{partial},"plain":{scope.plain_json},"globs":{scope.globs_json}}}'


def held() -> Said:
    """Return what the connection of this thread holds or will hold."""
    default = EVERYTHING if settings.DATABASE_ROLE == "ask" else Said()
    found: Said = getattr(_now, "said", default)
    return found


@contextmanager
def _holding(said: Said) -> Iterator[None]:
    if not is_up() or held() == said:
        yield
        return
    before = held()
    _hold(said)
    try:
        yield
    finally:
        _hold(before)


def _hold(said: Said) -> None:
    if not is_up():
        return
    _now.said = said
    if connection.connection is not None:
        _tell(connection, said)


def _tell(to: BaseDatabaseWrapper, said: Said) -> None:
    raw = to.connection
    if raw.closed or raw.info.transaction_status == TransactionStatus.INERROR:
        return  # nothing is read any more, and the rollback brings back what was held before
    word = signed(said.signed, raw.info.backend_pid) if said.sources else ""
    with raw.cursor() as cursor:
        cursor.execute(SET, [VARIABLE, word, RULES_VARIABLE, said.rules])


def _on_connection(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    if is_up() and connection.vendor == "postgresql":
        _tell(connection, held())


connection_created.connect(_on_connection, dispatch_uid="wall")
