"""Writes the trigrams of blobs: a version of a file goes into the set of the versions before it.

A set may hold more than a text does, so it only says where to look. It is given up once it says too
little: when the versions together hold much more than the new one alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from indexer.confined.protocol import Answer
from indexer.models import TrigramSet, TrigramUse

MOST_EXTRA = 1.3  # times as many trigrams as the new version has

Trigrams = NDArray[np.int32]

SETS_OF_PATHS = """
SELECT DISTINCT ON (document.path) document.path, used.trigram_set_id
  FROM indexer_document AS document
  JOIN indexer_trigramuse AS used ON used.blob_id = document.blob_id
 WHERE document.source_id = %(source_id)s AND document.path = ANY(%(paths)s::text[])
 ORDER BY document.path, used.trigram_set_id DESC
"""
NEW_IDS = """
SELECT nextval(pg_get_serial_sequence('indexer_trigramset', 'id')) FROM generate_series(1, %s)
"""
COPY_SETS = "COPY indexer_trigramset (id, trigrams) FROM STDIN"
COPY_USES = "COPY indexer_trigramuse (blob_id, trigram_set_id) FROM STDIN"
DROP_UNUSED = """
DELETE FROM indexer_trigramset AS held
 WHERE held.id = ANY(%(set_ids)s::bigint[])
   AND NOT EXISTS (SELECT 1 FROM indexer_trigramuse AS used WHERE used.trigram_set_id = held.id)
"""


def add_trigrams(source_id: int, pairs: Sequence[tuple[int, Answer]]) -> None:
    """Write the trigrams of new blobs, inside the transaction that wrote these."""
    sets = _sets_of_paths(source_id, [answer.path for _, answer in pairs])
    held = _held(set(sets.values()))
    uses: list[tuple[int, int]] = []
    alone: list[tuple[int, Answer]] = []
    grown: set[int] = set()
    for blob_id, answer in pairs:
        own = np.frombuffer(answer.trigrams, np.int32)
        set_id = sets.get(answer.path, 0)
        joined = np.union1d(held[set_id], own) if set_id in held else None
        if joined is None or len(joined) > MOST_EXTRA * len(own):
            alone.append((blob_id, answer))
            continue
        if len(joined) > len(held[set_id]):
            held[set_id] = joined
            grown.add(set_id)
        uses.append((blob_id, set_id))
    for set_id in sorted(grown):
        TrigramSet.objects.filter(pk=set_id).update(trigrams=held[set_id].tolist())
    _copy(COPY_USES, [*uses, *_write_sets(alone)])


def drop_trigrams(blob_ids: Sequence[int]) -> None:
    """Take blobs out of their sets, and the sets away that no blob is in any more."""
    uses = TrigramUse.objects.filter(blob_id__in=blob_ids)
    set_ids = list(uses.values_list("trigram_set_id", flat=True))
    uses._raw_delete("default")
    # Locked first and looked at afterwards: whoever shares one meanwhile is waited for.
    list(TrigramSet.objects.select_for_update().filter(pk__in=set_ids).order_by("pk").values("pk"))
    with connection.cursor() as cursor:
        cursor.execute(DROP_UNUSED, {"set_ids": set_ids})


def _sets_of_paths(source_id: int, paths: Sequence[str]) -> Mapping[str, int]:
    """Return the newest set of each path that the source has, in whatever ref.

    Of this source and path alone: who may read a version of a file may read them all, so that a
    set says nothing of what its reader may not see.
    """
    with connection.cursor() as cursor:
        cursor.execute(SETS_OF_PATHS, {"source_id": source_id, "paths": list(paths)})
        return dict(cursor.fetchall())


def _held(set_ids: set[int]) -> dict[int, Trigrams]:
    """Return sets, locked so that they stay and grow here alone; in one order: no deadlocks."""
    locked = TrigramSet.objects.select_for_update().filter(pk__in=set_ids).order_by("pk")
    return {pk: np.array(values, np.int32) for pk, values in locked.values_list("pk", "trigrams")}


def _write_sets(pairs: Sequence[tuple[int, Answer]]) -> list[tuple[int, int]]:
    """Give each blob a set of its own; return which."""
    if not pairs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEW_IDS, [len(pairs)])
        ids = [set_id for (set_id,) in cursor.fetchall()]
    trigrams = [np.frombuffer(answer.trigrams, np.int32) for _, answer in pairs]
    _copy(COPY_SETS, [(pk, _literal(one)) for pk, one in zip(ids, trigrams, strict=True)])
    return [(blob_id, pk) for (blob_id, _), pk in zip(pairs, ids, strict=True)]


def _literal(trigrams: Trigrams) -> str:
    """Return an array in PostgreSQL's text form: cheaper than adapting each number."""
    return "{" + ",".join(map(str, trigrams.tolist())) + "}"


def _copy(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
