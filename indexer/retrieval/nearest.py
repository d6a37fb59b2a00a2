"""The leg of meaning: the nearest chunks that may be seen, however few of all they are.

An index of neighbours knows nothing of access. So a reader of few chunks has each of them compared,
and for a reader of many the index is walked outwards until enough of theirs were met. What was met
beside them is dropped here and told to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection, transaction

from indexer.retrieval.queries import VECTOR, Candidate, Visibility, rows_of
from indexer.retrieval.vectorindex import has_index
from indexer.retrieval.view import View, view_of

_FOLDER = Path(__file__).parent
FEW = (_FOLDER / "nearest_few.sql").read_text(encoding="utf-8")
WALK = (_FOLDER / "nearest_walk.sql").read_text(encoding="utf-8")

# Chosen with appliance.local.bench_search --vectors (docs/experiments.md).
MOST_COMPARED = 20_000  # readable chunks
MOST_WALKED = 20_000  # texts of the index; who needs more is a reader of few, or has none near
RESERVE = 1.5  # what is near is not spread evenly over what may be read
EF_SEARCH = 400  # candidates that the index keeps at a time (at most 1,000)
# Times work_mem. With less a long walk ends early and silently: it then returns what it has met so
# far, and readers whose part of the corpus lies far from the question miss the nearest of theirs.
SCAN_MEMORY = 4


def vector_candidates(
    visibility: Visibility, vector: Sequence[float], model: str, *, pool: int
) -> list[Candidate]:
    """Return the nearest chunks, nearest first; the score is the cosine similarity.

    The pool is full where the reader has so many chunks with vectors.
    """
    view = view_of(visibility)
    parameters = {"vector": _literal(vector), "model": model, "pool": pool}
    if len(view.chunks) <= MOST_COMPARED:
        return _compared(view, parameters)
    if has_index(model):
        found = _walked(view, parameters | {"dimensions": len(vector)}, pool)
        if len(found) == pool:
            return found
    return exact_vector_candidates(visibility, vector, model, pool=pool)


def exact_vector_candidates(
    visibility: Visibility, vector: Sequence[float], model: str, *, pool: int
) -> list[Candidate]:
    """Return the same by comparing every vector: what the leg is measured against."""
    parameters = {"vector": _literal(vector), "model": model, "pool": pool}
    return [Candidate(*row) for row in rows_of(VECTOR, visibility, parameters)]


def _compared(view: View, parameters: dict[str, Any]) -> list[Candidate]:
    if not len(view.chunks):
        return []
    with connection.cursor() as cursor:
        cursor.execute(FEW, parameters | {"chunk_ids": view.chunks.ids.tolist()})
        return [Candidate(*row) for row in cursor.fetchall()]


def _walked(view: View, parameters: dict[str, Any], pool: int) -> list[Candidate]:
    """Walk the index until the pool is full; return fewer when it would take too long."""
    walked = min(MOST_WALKED, ceil(RESERVE * pool * max(1.0, _all_chunks() / len(view.chunks))))
    while True:
        rows = _walk(parameters | {"walked": walked})
        found = _seen(view, rows, pool)
        if len(found) == pool or walked >= MOST_WALKED:
            return found
        walked = min(2 * walked, MOST_WALKED)


def _walk(parameters: dict[str, Any]) -> list[tuple[int, int, float]]:
    local = {
        "hnsw.ef_search": str(EF_SEARCH),
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.max_scan_tuples": str(2 * MOST_WALKED),
        "hnsw.scan_mem_multiplier": str(SCAN_MEMORY),
        # By its estimates the planner would rather sort every row than walk so far.
        "enable_seqscan": "off",
        "enable_sort": "off",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in local.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        cursor.execute(WALK, parameters)
        rows: list[tuple[int, int, float]] = cursor.fetchall()
        for name in local:
            cursor.execute(f"SET LOCAL {name} TO DEFAULT")
    return rows


def _seen(view: View, rows: Sequence[tuple[int, int, float]], pool: int) -> list[Candidate]:
    """Return those that may be seen, nearest first: the walk is only almost in order."""
    if not rows:
        return []
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    scores = np.array([row[2] for row in rows])
    all_ids = view.chunks.ids
    places = np.searchsorted(all_ids, ids).clip(max=len(all_ids) - 1)
    seen = np.flatnonzero(all_ids[places] == ids)
    best = seen[np.lexsort((ids[seen], -scores[seen]))[:pool]]
    return [Candidate(*rows[at]) for at in best.tolist()]


def _all_chunks() -> int:
    """Return about how many chunks there are, as the database's statistics have it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = 'indexer_chunk'::regclass"
        )
        return max(0, int(cursor.fetchone()[0]))


def _literal(vector: Sequence[float]) -> str:
    return "[" + ",".join(f"{x:.6g}" for x in vector) + "]"
