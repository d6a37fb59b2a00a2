"""Postings as bytes: which texts of a batch hold a term, and how often, three bytes for each.

Numbers of fixed width, so that NumPy reads a million of them without a step of Python for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

# Big-endian, as PostgreSQL sends numbers: SQL can write and read them too.
ENTRY = np.dtype([("offset", ">u2"), ("frequency", "u1")])
OFFSET = np.dtype(">u2")
REACH = 1 << 16  # ids that a batch can span
MAX_FREQUENCY = 255  # BM25 tells 255 from 1,000 times by less than a hundredth


class Occurrences(NamedTuple):
    """Which texts hold which term, one row for each pair."""

    terms: Numbers
    ids: Numbers
    frequencies: Numbers


class PostingRow(NamedTuple):
    batch: int
    term: int
    entries: bytes


def batches_of(ids: Sequence[int], full: int) -> Numbers:
    """Return the batch of each id, the first id in it: no batch is over-full or spans too far.

    The ids ascend.
    """
    batches: list[int] = []
    size = 0
    for number in ids:
        if not batches or size == full or number - batches[-1] >= REACH:
            batches.append(number)
            size = 0
        else:
            batches.append(batches[-1])
        size += 1
    return np.array(batches, dtype=np.int64)


def posting_rows(found: Occurrences, batches: Numbers) -> Iterator[PostingRow]:
    """Yield what is stored, by batch and term; `batches` names the batch of each occurrence."""
    if not len(found.terms):
        return
    order = np.lexsort((found.ids, found.terms, batches))
    terms, batches = found.terms[order], batches[order]
    entries = np.empty(len(order), dtype=ENTRY)
    entries["offset"] = found.ids[order] - batches
    entries["frequency"] = np.minimum(found.frequencies[order], MAX_FREQUENCY)
    content = entries.tobytes()
    changes = (terms[1:] != terms[:-1]) | (batches[1:] != batches[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    ends = [*(starts[1:] * ENTRY.itemsize).tolist(), len(content)]
    begins = (starts * ENTRY.itemsize).tolist()
    heads = zip(batches[starts].tolist(), terms[starts].tolist(), strict=True)
    for (batch, term), begin, end in zip(heads, begins, ends, strict=True):
        yield PostingRow(batch, term, content[begin:end])


def offsets_content(ids: Numbers, batch: int) -> bytes:
    """Return the ids of a batch as bytes."""
    return (ids - batch).astype(OFFSET).tobytes()


def ids_of(batch: int, offsets: bytes) -> Numbers:
    return batch + np.frombuffer(offsets, OFFSET).astype(np.int64)
