"""What a search may look at, as arrays: the documents and chunks of its scope, and no others.

Every count, length and score of the legs is taken from a view, so that it says nothing about the
rest. The documents that come back are compared with the scope once more, in SQL (documents.sql).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import connection

from indexer.lexical.entries import Numbers
from indexer.retrieval.catalog import Catalog, Edition, catalog_of, numbers_of, packed
from indexer.retrieval.kept import Kept
from indexer.retrieval.queries import READABLE, Visibility
from indexer.retrieval.texts import ABSENT, BatchRange, Places, TextSet
from indexer.scope import PathRule

_FOLDER = Path(__file__).parent
EDITIONS = (_FOLDER / "editions.sql").read_text(encoding="utf-8")
RANGES = "SELECT first, last FROM indexer_batch WHERE first <= %(last)s AND last >= %(first)s"

MOST_BYTES = 256 * 1024 * 1024  # kept in memory, by each process that searches

Folders = tuple[tuple[int, str], ...]
Key = tuple[tuple[Edition, ...], tuple[PathRule, ...], Folders]


@dataclass(frozen=True, slots=True)
class Shown:
    """The part of a catalog that may be seen."""

    catalog: Catalog
    documents: Numbers | None  # None: all

    @property
    def nbytes(self) -> int:
        return 0 if self.documents is None else self.documents.nbytes

    def documents_with(self, term: int) -> Numbers:
        found = self.catalog.documents_with(term)
        if self.documents is None:
            return found
        return found[np.isin(found, self.documents)]

    def shown_documents(self) -> Numbers:
        if self.documents is None:
            return self.catalog.documents
        return np.intersect1d(self.catalog.documents, self.documents, assume_unique=True)

    def blob_places(self) -> Numbers:
        """Return the places in the catalog of the blobs that are shown."""
        if self.documents is None:
            return np.arange(len(self.catalog.blobs))
        shown = np.isin(self.catalog.documents, self.documents)
        blobs = np.unique(self.catalog.document_blobs[shown])
        return np.searchsorted(self.catalog.blobs, blobs)


@dataclass(frozen=True, slots=True)
class View:
    """Documents, blobs and chunks that may be seen, each by ascending id."""

    parts: tuple[Shown, ...]
    documents: Numbers
    blobs: Numbers
    chunks: TextSet
    chunk_blobs: Places  # place in `blobs` of each chunk's blob

    @property
    def nbytes(self) -> int:
        arrays = (self.documents, self.blobs, self.chunk_blobs)
        parts = sum(part.nbytes for part in self.parts)
        return sum(array.nbytes for array in arrays) + self.chunks.nbytes + parts

    def documents_with(self, term: int) -> Numbers:
        """Return the documents whose path holds a term, each once."""
        found = [part.documents_with(term) for part in self.parts]
        return _union(found)

    def places_of_blobs(self, blob_ids: Numbers) -> Numbers:
        """Return the place in `blobs` of those that may be seen."""
        if not len(self.blobs):
            return np.empty(0, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.blobs, blob_ids), len(self.blobs) - 1)
        held: Numbers = places[self.blobs[places] == blob_ids]
        return held


_views: Kept[Key, View] = Kept(MOST_BYTES)
_readable: Kept[tuple[Edition, frozenset[PathRule], Folders], Numbers] = Kept(MOST_BYTES // 8)


def view_of(visibility: Visibility) -> View:
    """Return what a visibility shows now; from memory, unless one of its refs has changed."""
    with connection.cursor() as cursor:
        cursor.execute(EDITIONS, visibility.parameters())
        editions = tuple(Edition(*row) for row in cursor.fetchall())
    sources = {edition.source_id for edition in editions}
    rules = tuple(rule for rule in visibility.scope.rules if rule.source_id in sources)
    folders = tuple(one for one in visibility.scope.folders if one[0] in sources)
    return _views.get((editions, rules, folders), lambda: _make(visibility, editions))


def _make(visibility: Visibility, editions: Sequence[Edition]) -> View:
    parts = [_shown(visibility, edition) for edition in editions]
    # What was written first comes first: the ids mostly ascend then, which is quick to sort.
    parts.sort(key=lambda part: int(part.catalog.chunks[0]) if len(part.catalog.chunks) else 0)
    places = [part.blob_places() for part in parts]
    shown = [part.catalog.blobs[at] for part, at in zip(parts, places, strict=True)]
    blobs, joined = np.unique(_joined(shown), return_inverse=True)
    ends = np.cumsum([0, *map(len, shown)]).tolist()
    ids, passages, lengths, of_blobs = [], [], [], []
    for part, at, begin, end in zip(parts, places, ends, ends[1:], strict=False):
        place = np.full(len(part.catalog.blobs), ABSENT, dtype=np.int64)
        place[at] = joined[begin:end]
        of_chunks = place[part.catalog.chunk_blobs]
        seen = of_chunks >= 0
        ids.append(part.catalog.chunks[seen])
        passages.append(part.catalog.chunk_passages[seen])
        lengths.append(part.catalog.chunk_lengths[seen])
        of_blobs.append(of_chunks[seen])
    chunks, first = np.unique(_joined(ids), return_index=True)
    stored = _joined(passages)[first]
    return View(
        tuple(parts),
        _union([part.shown_documents() for part in parts]),
        blobs,
        TextSet.of(chunks, _joined(lengths)[first].astype(np.float32), _ranges(stored), stored),
        _joined(of_blobs)[first].astype(np.int32),
    )


def _shown(visibility: Visibility, edition: Edition) -> Shown:
    catalog = catalog_of(edition)
    part = Visibility(visibility.scope.narrowed_to([edition.source_id]), visibility.ref_names)
    if part.scope.whole_source_ids and not part.scope.folders:
        return Shown(catalog, None)
    key = edition, frozenset(part.scope.rules), part.scope.folders
    return Shown(catalog, _readable.get(key, lambda: _read_readable(part, edition)))


def _read_readable(part: Visibility, edition: Edition) -> Numbers:
    """Return the documents of a ref that path rules open."""
    rows = packed(READABLE, part.parameters() | {"ref_id": edition.ref_id})
    return np.sort(numbers_of(rows[0][0]))


def _ranges(ids: Numbers) -> list[BatchRange]:
    """Return the batches that may hold postings of these passages."""
    if not len(ids):
        return []
    with connection.cursor() as cursor:
        cursor.execute(RANGES, {"first": int(ids.min()), "last": int(ids.max())})
        return [BatchRange(*row) for row in cursor.fetchall()]


def _joined(arrays: Sequence[Numbers]) -> Numbers:
    return np.concatenate([np.empty(0, dtype=np.int64), *arrays])


def _union(arrays: Sequence[Numbers]) -> Numbers:
    return arrays[0] if len(arrays) == 1 else np.unique(_joined(arrays))
