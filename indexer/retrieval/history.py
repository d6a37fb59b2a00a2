"""The leg of history: files that past commits touched whose messages are near the question.

The statistics are those of the sources that the reader may read as a whole, because a message may
speak of any of a source's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.db import connection

from indexer.lexical.entries import REACH, Numbers
from indexer.models import Source
from indexer.retrieval.bm25 import best_of, rarities, scores_of
from indexer.retrieval.catalog import numbers_of, packed
from indexer.retrieval.kept import Kept
from indexer.retrieval.lexical import stored_rows
from indexer.retrieval.queries import HISTORY, HistoryCandidate, Visibility, rows_of
from indexer.retrieval.texts import BatchRange, TextSet
from indexer.wall import as_appliance

_FOLDER = Path(__file__).parent
TEXTS = (_FOLDER / "history_texts.sql").read_text(encoding="utf-8")
BATCHES = (_FOLDER / "history_batches.sql").read_text(encoding="utf-8")
POSTINGS = (_FOLDER / "history_postings.sql").read_text(encoding="utf-8")

MOST_BYTES = 64 * 1024 * 1024  # kept in memory, by each process that searches


class Told(NamedTuple):
    """The history of a source as it is now: another edition of it holds something else."""

    source_id: int
    edition: UUID


@dataclass(frozen=True, slots=True)
class Messages:
    """The commits of one source that speak of files, by ascending id."""

    ids: Numbers
    lengths: Numbers
    times: Numbers  # microseconds since 1970
    batches: Numbers

    @property
    def nbytes(self) -> int:
        return self.ids.nbytes + self.lengths.nbytes + self.times.nbytes + self.batches.nbytes

    def ranges(self) -> list[BatchRange]:
        """Return the batches; those of one source follow each other."""
        lasts = [*(self.batches[1:] - 1).tolist(), int(self.ids[-1])] if len(self.ids) else []
        pairs = zip(self.batches.tolist(), lasts, strict=False)
        return [BatchRange(first, min(last, first + REACH - 1)) for first, last in pairs]


_messages: Kept[Told, Messages] = Kept(MOST_BYTES)
_texts: Kept[tuple[Told, ...], TextSet] = Kept(MOST_BYTES)


def history_candidates(
    visibility: Visibility,
    weights: Mapping[int, float],
    *,
    before: datetime | None,
    commits: int,
    pool: int,
) -> list[HistoryCandidate]:
    """Return the documents that commits with such messages touched, best first.

    `before` leaves out later commits: for the past as it was, and for learning from it.
    """
    told = _told(visibility)
    texts = _texts_of(told, before)
    if not weights or not len(texts):
        return []
    parameters = {
        "source_ids": [one.source_id for one in told],
        "batches": texts.batches.tolist(),
        "terms": list(weights),
    }
    found = texts.found_in(stored_rows(POSTINGS, parameters))
    scores = scores_of(texts, found, rarities(found, weights, len(texts)))
    nearest = best_of(scores, commits)
    voting = {
        "commit_ids": texts.ids[nearest].tolist(),
        "scores": scores[nearest].tolist(),
        "pool": pool,
    }
    return [HistoryCandidate(*row) for row in rows_of(HISTORY, visibility, voting)]


def _told(visibility: Visibility) -> tuple[Told, ...]:
    sources = Source.objects.filter(pk__in=visibility.scope.whole_source_ids)
    rows = sources.exclude(history_commit="").order_by("pk").values_list("pk", "history_edition")
    return tuple(Told(*row) for row in rows)


def _texts_of(told: tuple[Told, ...], before: datetime | None) -> TextSet:
    if before is None:
        return _texts.get(told, lambda: _joined(told, None))
    return _joined(told, int(before.timestamp() * 1_000_000))


def _joined(told: Sequence[Told], before: int | None) -> TextSet:
    every = [messages_of(one) for one in told]
    ids, lengths, ranges = [], [], []
    for messages in every:
        kept = slice(None) if before is None else messages.times < before
        ids.append(messages.ids[kept])
        lengths.append(messages.lengths[kept])
        ranges.extend(messages.ranges())
    if not every:
        return TextSet.of(np.empty(0, np.int64), np.empty(0, np.float32), [])
    joined = np.concatenate(ids)
    order = np.argsort(joined, kind="stable")
    return TextSet.of(joined[order], np.concatenate(lengths)[order].astype(np.float32), ranges)


def messages_of(told: Told) -> Messages:
    return _messages.get(told, lambda: _read(told.source_id))


@as_appliance()
def _read(source_id: int) -> Messages:
    parameters = {"source_id": source_id}
    ids, lengths, times = map(numbers_of, packed(TEXTS, parameters)[0])
    order = np.argsort(ids)
    with connection.cursor() as cursor:
        cursor.execute(BATCHES, parameters)
        batches = np.array([first for (first,) in cursor.fetchall()], dtype=np.int64)
    return Messages(ids[order], lengths[order], times[order], batches)
