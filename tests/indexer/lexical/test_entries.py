"""Postings as bytes."""

from __future__ import annotations

import numpy as np

from indexer.lexical.entries import (
    ENTRY,
    MAX_FREQUENCY,
    REACH,
    Occurrences,
    batches_of,
    ids_of,
    offsets_content,
    posting_rows,
)


def test_a_batch_is_neither_over_full_nor_spans_too_far() -> None:
    assert batches_of([5, 6, 7, 8], full=3).tolist() == [5, 5, 5, 8]
    assert batches_of([5, 6, 5 + REACH, 6 + REACH], full=9).tolist() == [5, 5, 5 + REACH, 5 + REACH]
    assert batches_of([], full=3).tolist() == []


def test_rows_hold_what_was_put_in_by_batch_and_term() -> None:
    found = Occurrences(np.array([9, -4, 9, 9]), np.array([7, 6, 5, 8]), np.array([1, 2, 3, 4]))
    rows = list(posting_rows(found, np.array([5, 5, 5, 8])))
    assert [(row.batch, row.term) for row in rows] == [(5, -4), (5, 9), (8, 9)]
    assert [np.frombuffer(row.entries, ENTRY).tolist() for row in rows] == [
        [(1, 2)],
        [(0, 3), (2, 1)],
        [(0, 4)],
    ]


def test_a_frequency_that_does_not_fit_is_cut() -> None:
    found = Occurrences(np.array([1]), np.array([5]), np.array([100_000]))
    (row,) = posting_rows(found, np.array([5]))
    assert np.frombuffer(row.entries, ENTRY).tolist() == [(0, MAX_FREQUENCY)]


def test_nothing_makes_no_rows() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert list(posting_rows(Occurrences(nothing, nothing, nothing), nothing)) == []


def test_the_ids_of_a_batch_come_back() -> None:
    ids = np.array([7, 8, 7 + REACH - 1])
    assert ids_of(7, offsets_content(ids, 7)).tolist() == ids.tolist()
