"""Writes postings in batches of a few thousand passages, and takes out what was pruned.

A large sync fills batches of its own. The few passages of a commit join the batch that their source
began last: a search reads as many rows as there are batches, and a live corpus would have many.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from django.db import connection, transaction

from indexer.lexical.entries import (
    ENTRY,
    REACH,
    Numbers,
    Occurrences,
    PostingRow,
    batches_of,
    ids_of,
    offsets_content,
    posting_rows,
)
from indexer.models import Batch, Passage, Posting

FULL = 2700  # passages: the entries of a term that all of them hold still fit in a page
FEW = 500  # passages that join a batch; more begin one

COPY_POSTINGS = "COPY indexer_posting (batch, term, entries) FROM STDIN (FORMAT BINARY)"
ADD_ENTRIES = """
INSERT INTO indexer_posting AS posting (batch, term, entries)
SELECT %(batch)s, entry.*
  FROM unnest(%(terms)s::bigint[], %(entries)s::bytea[]) AS entry(term, entries)
 ORDER BY entry.term
    ON CONFLICT (batch, term) DO UPDATE SET entries = posting.entries || EXCLUDED.entries
"""


def add_postings(source_id: int, found: Occurrences, ids: Numbers) -> None:
    """Write the postings of new passages, inside the transaction that wrote these.

    `ids` are all of them, ascending, also those in which no term occurs.
    """
    if not len(ids):
        return
    batch = _open_batch(source_id, ids) if len(ids) <= FEW else None
    if batch is not None:
        _join(batch, ids, found)
        return
    batches = batches_of(ids.tolist(), FULL)
    Batch.objects.bulk_create(
        _batch(source_id, first, ids[batches == first]) for first in np.unique(batches).tolist()
    )
    _copy(posting_rows(found, batches[np.searchsorted(ids, found.ids)]))


def _open_batch(source_id: int, ids: Numbers) -> Batch | None:
    """Return the source's newest batch, held, if these passages have room in it."""
    newest = Batch.objects.filter(written_for=source_id).order_by("-first")[:1]
    batch = Batch.objects.select_for_update().filter(pk__in=newest.values("pk")).first()
    if batch is None or batch.passages + len(ids) > FULL:
        return None
    return batch if batch.last < ids[0] and ids[-1] - batch.first < REACH else None


def _join(batch: Batch, ids: Numbers, found: Occurrences) -> None:
    rows = list(posting_rows(found, np.full(len(found.ids), batch.first, dtype=np.int64)))
    parameters: dict[str, Any] = {
        "batch": batch.first,
        "terms": [row.term for row in rows],
        "entries": [row.entries for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD_ENTRIES, parameters)
    batch.last = max(batch.last, int(ids[-1]))
    batch.passages += len(ids)
    batch.offsets = bytes(batch.offsets) + offsets_content(ids, batch.first)
    batch.save(update_fields=["last", "passages", "offsets"])


def _batch(source_id: int, first: int, ids: Numbers) -> Batch:
    return Batch(
        first=first,
        last=int(ids[-1]),
        passages=len(ids),
        offsets=offsets_content(ids, first),
        written_for=source_id,
    )


def _copy(rows: Iterable[PostingRow]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_POSTINGS) as copy:
        copy.set_types(["int8", "int8", "bytea"])
        for row in rows:
            copy.write_row(row)


def sweep_postings() -> None:
    """Take the passages that are gone out of the postings, which hold no text, only numbers.

    Search never meets them, since it knows the chunks of what is live; this gives back their space.
    """
    for first in Batch.objects.order_by("first").values_list("first", flat=True):
        with transaction.atomic():
            _sweep(first)


def _sweep(first: int) -> None:
    batch = Batch.objects.select_for_update().filter(pk=first).first()
    if batch is None:
        return
    ids = ids_of(batch.first, bytes(batch.offsets))
    there = Passage.objects.filter(pk__range=(batch.first, batch.last)).values_list("pk", flat=True)
    left = ids[np.isin(ids, np.fromiter(there, np.int64))]
    if len(left) == len(ids):
        return
    postings = Posting.objects.filter(batch=first)
    rows = list(postings.order_by("term").values_list("term", "entries"))
    postings._raw_delete("default")
    if not len(left):
        batch.delete()
        return
    offsets = left - first
    kept = (PostingRow(first, term, _kept(bytes(content), offsets)) for term, content in rows)
    _copy(row for row in kept if row.entries)
    batch.passages = len(left)
    batch.offsets = offsets_content(left, first)
    batch.save(update_fields=["passages", "offsets"])


def _kept(content: bytes, offsets: Numbers) -> bytes:
    entries = np.frombuffer(content, ENTRY)
    return entries[np.isin(entries["offset"], offsets)].tobytes()
