"""The texts that a search is about, as arrays: chunks, or messages of commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.lexical.entries import ENTRY, Numbers

Places = NDArray[np.int32]
Floats = NDArray[np.float32]
ABSENT = -1


class BatchRange(NamedTuple):
    first: int  # what the offsets of its postings count from
    last: int


class Found(NamedTuple):
    """The texts that hold one term."""

    places: Places
    frequencies: Floats


class StoredRows(NamedTuple):
    """Rows of postings of one term, one after the other, as the database sends them."""

    batches: bytes  # int8send of each row's batch
    sizes: bytes  # int4send of how many bytes each row has
    entries: bytes


@dataclass(frozen=True, slots=True)
class TextSet:
    """Texts by their place: ids ascend; what is not in the set has no place.

    The place of what a posting names is looked up by its batch and offset, in one step for all.
    """

    ids: Numbers
    lengths: Floats  # in terms
    batches: Numbers  # first id of each batch that holds any of them, ascending
    _starts: Numbers  # where each batch begins in _places; one more for the end
    _places: Places

    @classmethod
    def of(cls, ids: Numbers, lengths: Floats, ranges: Iterable[BatchRange]) -> TextSet:
        kept, pieces = [], []
        for first, last in sorted(ranges):
            begin, end = np.searchsorted(ids, (first, last + 1))
            if begin == end:
                continue
            # Batches that were written side by side overlap; each names only chunks of its own.
            piece = np.full(last - first + 1, ABSENT, dtype=np.int32)
            piece[ids[begin:end] - first] = np.arange(begin, end, dtype=np.int32)
            kept.append(first)
            pieces.append(piece)
        sizes = np.array([0, *map(len, pieces)], dtype=np.int64)
        places = np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int32)
        return cls(ids, lengths, np.array(kept, dtype=np.int64), sizes.cumsum(), places)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def average_length(self) -> float:
        return max(float(self.lengths.mean(dtype=np.float64)), 1.0) if len(self) else 1.0

    @property
    def nbytes(self) -> int:
        arrays = (self.ids, self.lengths, self.batches, self._starts, self._places)
        return sum(array.nbytes for array in arrays)

    def found_in(self, rows: Mapping[int, StoredRows]) -> dict[int, Found]:
        """Return which texts of the set hold each term; terms that none holds are left out."""
        found = {term: self._found(stored) for term, stored in rows.items()}
        return {term: one for term, one in found.items() if len(one.places)}

    def _found(self, rows: StoredRows) -> Found:
        rank = np.searchsorted(self.batches, np.frombuffer(rows.batches, ">i8"))
        counts = np.frombuffer(rows.sizes, ">i4") // ENTRY.itemsize
        entries = np.frombuffer(rows.entries, ENTRY)
        at = np.repeat(self._starts[rank], counts)
        at += entries["offset"]
        # A batch may have grown since, at its end: those texts are not of this set.
        ends = self._starts[rank + 1]
        if (at[counts.cumsum() - 1] >= ends).any():
            inside = at < np.repeat(ends, counts)
            at, entries = at[inside], entries[inside]
        places = self._places[at]
        held = places >= 0
        if not held.all():
            places, entries = places[held], entries[held]
        return Found(places, entries["frequency"].astype(np.float32))
