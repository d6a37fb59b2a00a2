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


class Groups(NamedTuple):
    """Places of texts that share a passage, side by side."""

    members: Places
    starts: Numbers
    counts: Numbers

    def spread(self, groups: Places, frequencies: Floats) -> Found:
        """Return all places of groups: the terms of a passage are those of each of its texts."""
        counts = self.counts[groups]
        begins = self.starts[groups] - (counts.cumsum() - counts)
        at = np.repeat(begins, counts) + np.arange(counts.sum())
        return Found(self.members[at], np.repeat(frequencies, counts))


class StoredRows(NamedTuple):
    """Rows of postings of one term, one after the other, as the database sends them."""

    batches: bytes  # int8send of each row's batch
    sizes: bytes  # int4send of how many bytes each row has
    entries: bytes


@dataclass(frozen=True, slots=True)
class TextSet:
    """Texts by their place: ids ascend; what is not in the set has no place.

    The place of what a posting names is looked up by its batch and offset, in one step for all.
    Texts that share a passage are named by it alone: its entry stands for a group of places.
    """

    ids: Numbers
    lengths: Floats  # in terms
    batches: Numbers  # first id of each batch that holds any of them, ascending
    _starts: Numbers  # where each batch begins in _places; one more for the end
    _places: Places  # below ABSENT: the number of a group
    _groups: Groups

    @classmethod
    def of(
        cls,
        ids: Numbers,
        lengths: Floats,
        ranges: Iterable[BatchRange],
        passages: Numbers | None = None,
    ) -> TextSet:
        """Make a set of texts; postings name each by its passage, or else by its id."""
        named, values, groups = _grouped(ids if passages is None else passages)
        kept, pieces = [], []
        for first, last in sorted(ranges):
            begin, end = np.searchsorted(named, (first, last + 1))
            if begin == end:
                continue
            # Batches that were written side by side overlap; each names only passages of its own.
            piece = np.full(last - first + 1, ABSENT, dtype=np.int32)
            piece[named[begin:end] - first] = values[begin:end]
            kept.append(first)
            pieces.append(piece)
        sizes = np.array([0, *map(len, pieces)], dtype=np.int64)
        places = np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int32)
        starts = sizes.cumsum()
        return cls(ids, lengths, np.array(kept, dtype=np.int64), starts, places, groups)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def average_length(self) -> float:
        return max(float(self.lengths.mean(dtype=np.float64)), 1.0) if len(self) else 1.0

    @property
    def nbytes(self) -> int:
        arrays = (self.ids, self.lengths, self.batches, self._starts, self._places)
        return sum(array.nbytes for array in (*arrays, *self._groups))

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
        frequencies = entries["frequency"].astype(np.float32)
        single = places >= 0
        if single.all():
            return Found(places, frequencies)
        shared = places < ABSENT
        spread = self._groups.spread(ABSENT - 1 - places[shared], frequencies[shared])
        return Found(
            np.concatenate((places[single], spread.places)),
            np.concatenate((frequencies[single], spread.frequencies)),
        )


def _grouped(named: Numbers) -> tuple[Numbers, Places, Groups]:
    """Return what texts are named by, ascending, the place or group of each name, and the groups."""
    order = np.argsort(named, kind="stable").astype(np.int32)
    names, first, counts = np.unique(named[order], return_index=True, return_counts=True)
    many = np.flatnonzero(counts > 1)
    values = order[first]
    values[many] = ABSENT - 1 - np.arange(len(many), dtype=np.int32)
    return names, values, Groups(order if len(many) else order[:0], first[many], counts[many])
