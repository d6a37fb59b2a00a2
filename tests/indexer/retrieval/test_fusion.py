"""Joining the retrievers: who comes first, and why."""

from __future__ import annotations

import pytest

from indexer.reading.roles import DocumentRole
from indexer.retrieval.fusion import (
    FURTHER_CHUNKS,
    VECTOR_WEIGHT,
    RankedDocument,
    fuse,
)
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import (
    Candidate,
    HistoryCandidate,
    PathCandidate,
    SymbolCandidate,
    VisibleDocument,
)
from indexer.retrieval.roles import DESCRIBED


def document(number: int, role: str = "source") -> VisibleDocument:
    """Return a document whose blob has the same number, at `pN.py`."""
    return VisibleDocument(number, 1, "shop", f"p{number}.py", role, number, "0" * 40)


def chunk(blob: int, score: float, ordinal: int = 0) -> Candidate:
    return Candidate(10 * blob + ordinal, blob, score)


def fused(
    lexical: list[Candidate] | None = None,
    vector: list[Candidate] | None = None,
    paths: list[PathCandidate] | None = None,
    history: list[HistoryCandidate] | None = None,
    symbols: list[SymbolCandidate] | None = None,
    documents: list[VisibleDocument] | None = None,
) -> list[RankedDocument]:
    found = [document(1), document(2)] if documents is None else documents
    pools = Pools(
        "", {}, lexical or [], vector or [], paths or [], history or [], symbols or [], found
    )
    return fuse(pools)


def ids(ranked: list[RankedDocument]) -> list[int]:
    return [one.document.document_id for one in ranked]


def test_nothing_found_is_an_empty_list() -> None:
    assert fused(documents=[]) == []


def test_without_vectors_the_words_alone_make_the_score() -> None:
    ranked = fused(lexical=[chunk(1, 2.0), chunk(2, 8.0)])
    assert ids(ranked) == [2, 1]
    assert [one.score for one in ranked] == [1.0, 0.25]


def test_words_and_meaning_are_weighed() -> None:
    ranked = fused(lexical=[chunk(1, 5.0)], vector=[chunk(2, 0.9), chunk(1, 0.1)])
    scores = {one.document.document_id: one.score for one in ranked}
    assert scores == pytest.approx({1: 1 - VECTOR_WEIGHT, 2: VECTOR_WEIGHT})


def test_one_vector_candidate_alone_divides_by_nothing() -> None:
    assert [one.score for one in fused(vector=[chunk(1, 0.4)])] == [0.0, 0.0]


def test_a_document_that_matches_in_several_places_comes_before_one_that_matches_once() -> None:
    ranked = fused(lexical=[chunk(1, 4.0), chunk(2, 4.0), chunk(2, 4.0, 1), chunk(2, 4.0, 2)])
    assert ids(ranked) == [2, 1]
    assert ranked[1].score == pytest.approx(1 / sum(FURTHER_CHUNKS))


@pytest.mark.parametrize("role", [role for role in DocumentRole if role != DocumentRole.SOURCE])
def test_what_is_about_the_code_counts_less_than_the_code(role: DocumentRole) -> None:
    ranked = fused(
        lexical=[chunk(1, 6.0), chunk(2, 4.0)], documents=[document(1, role), document(2)]
    )
    assert ids(ranked) == [2, 1]
    assert ranked[1].score == pytest.approx(DESCRIBED[role])


def test_a_path_counts_and_is_told() -> None:
    ranked = fused(lexical=[chunk(1, 4.0), chunk(2, 4.0)], paths=[PathCandidate(2, 3.0)])
    assert ids(ranked) == [2, 1]
    assert [one.legs for one in ranked] == [("path",), ()]


def test_what_history_and_symbols_found_is_told() -> None:
    ranked = fused(history=[HistoryCandidate(1, 2.0, 3.0)], symbols=[SymbolCandidate(2, 1.0)])
    assert {one.document.document_id: one.legs for one in ranked} == {
        1: ("history",),
        2: ("symbol",),
    }


def test_one_blob_in_two_documents_stands_behind_both() -> None:
    copy = VisibleDocument(3, 1, "shop", "copy.py", "source", 1, "0" * 40)
    ranked = fused(lexical=[chunk(1, 4.0)], documents=[document(1), copy])
    assert [one.score for one in ranked] == [1.0, 1.0]
    assert [one.document.path for one in ranked] == ["copy.py", "p1.py"]


def test_the_chunks_of_a_document_come_best_first_with_their_legs() -> None:
    ranked = fused(lexical=[chunk(1, 2.0), chunk(1, 8.0, 1)], vector=[chunk(1, 0.9), chunk(2, 0.1)])
    best, other = ranked[0].chunks
    assert {best.chunk_id, other.chunk_id} == {10, 11}
    assert best.score >= other.score
    legs = {one.chunk_id: one.legs for one in ranked[0].chunks}
    assert legs == {10: ("lexical", "vector"), 11: ("lexical",)}


def test_equal_scores_have_one_order_whatever_came_first() -> None:
    documents = [document(1), document(2), document(3)]
    lexical = [chunk(1, 1.0), chunk(2, 1.0), chunk(3, 1.0)]
    assert (
        ids(fused(lexical=lexical, documents=documents))
        == ids(fused(lexical=lexical[::-1], documents=documents[::-1]))
        == [1, 2, 3]
    )
