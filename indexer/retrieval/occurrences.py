"""Do names, paths and texts occur anywhere in what a scope may read? Bounded in time."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from indexer.lexical.trigrams import fold, trigrams_of
from indexer.retrieval.queries import KNOWN_NAMES, KNOWN_PATHS, OCCURS, rows_of
from indexer.retrieval.search import visibility_of
from indexer.scope import Scope

SHORTEST = 3  # letters: less has no trigram


@dataclass(frozen=True, slots=True)
class LookUp:
    """What occurs, and what there was no time to look for: nothing may be said of that."""

    found: frozenset[str]
    unsearched: frozenset[str]


class _OutOfTime(Exception):
    pass


def look_up(
    *,
    names: Collection[str] = (),
    paths: Collection[str] = (),
    texts: Collection[str] = (),
    scope: Scope,
    refs: Sequence[str] = (),
    seconds: float,
) -> LookUp:
    """Return which of these occur in documents that the scope may read, as they are spelled.

    A name is defined, used or written as a whole word; a path is one of a document, the end of
    one, or a folder of one; a text stands anywhere, not inside a longer word. What is shorter than
    three letters is not looked for, and in neither list.
    """
    visibility = visibility_of(scope, (), refs)
    deadline = time.monotonic() + seconds
    wanted = [one for one in dict.fromkeys([*names, *paths, *texts]) if len(one) >= SHORTEST]
    found: set[str] = set()
    bare = {path.strip("/"): path for path in paths}
    try:
        with _time_box(deadline):
            found |= {row[0] for row in rows_of(KNOWN_NAMES, visibility, {"names": [*names]})}
            rows = rows_of(KNOWN_PATHS, visibility, {"paths": [*bare]})
            found |= {bare[row[0]] for row in rows}
        if left := [one for one in wanted if one not in found]:
            with _time_box(deadline):
                found |= {row[0] for row in rows_of(OCCURS, visibility, _occurs(left))}
    except _OutOfTime:
        return LookUp(frozenset(found), frozenset(wanted) - found)
    return LookUp(frozenset(found), frozenset())


def _occurs(texts: Sequence[str]) -> dict[str, object]:
    trigrams = [trigrams_of(fold(text)).tolist() for text in texts]
    return {
        "texts": list(texts),
        "patterns": [_whole(text) for text in texts],
        "trigrams": ["{" + ",".join(map(str, of_one)) + "}" for of_one in trigrams],
    }


def _whole(text: str) -> str:
    """Return PostgreSQL's pattern for a text that is no part of a longer word."""
    # A border only where a letter of a name stands at the end: "/api" may follow anything.
    before = r"(^|[^[:alnum:]_])" if re.match(r"\w", text) else ""
    behind = r"([^[:alnum:]_]|$)" if re.search(r"\w\Z", text) else ""
    escaped = re.sub(r"([^\w\s]|\\)", r"\\\1", text)
    return f"{before}{escaped}{behind}"


@contextmanager
def _time_box(deadline: float) -> Iterator[None]:
    """Let PostgreSQL use its indexes, and break off what takes longer than is left: _OutOfTime."""
    left = int((deadline - time.monotonic()) * 1000)
    if left <= 0:
        raise _OutOfTime
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {left}")
            # What it costs to read the trigrams of every text (they are stored apart) the planner
            # does not know: without this it reads them all as soon as several names are asked for.
            cursor.execute("SET LOCAL enable_seqscan = off")
            yield
            cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as exc:
        if isinstance(exc.__cause__, QueryCanceled):
            raise _OutOfTime from exc
        raise
