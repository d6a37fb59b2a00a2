"""Joins the retrievers' candidates into one list of documents with their best chunks.

A convex combination of normalised scores, not of ranks: it was better than reciprocal rank fusion
in Bruch et al. (arXiv 2210.11934) and in our own measurements (docs/experiments.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from indexer.reading.roles import DocumentRole
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import Candidate, VisibleDocument
from indexer.retrieval.roles import role_weights

# Chosen on the golden sets of docs/experiments.md; each is flat around its value.
VECTOR_WEIGHT = 0.3
PATH_WEIGHT = 1.5  # of the path's rarity sum, added to BM25's
EXACT_WEIGHT = 1.0  # of the rarity of code in the question that stands in a chunk as it is
# A document that matches in several places is a better answer than its best place alone.
FURTHER_CHUNKS = (1.0, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class RankedChunk:
    chunk_id: int
    score: float
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """A document with its score between 0 and 1 and its matching chunks, best first."""

    document: VisibleDocument
    score: float
    chunks: tuple[RankedChunk, ...]
    legs: tuple[str, ...]  # that found the document as a whole: path, history, symbol
    words: float  # BM25 of its best chunks and its path, not scaled


def fuse(pools: Pools) -> list[RankedDocument]:
    """Return the documents, best first, by fixed weights."""
    whole_legs = _whole_legs(pools)
    path_scores = {candidate.document_id: candidate.score for candidate in pools.paths}
    by_words = _word_scores(pools)
    by_meaning = _by_blob(_scaled(pools.vector))
    found_by = _found_by(pools)
    words = {
        document.document_id: _summed(by_words.get(document.blob_id, {}))
        + PATH_WEIGHT * path_scores.get(document.document_id, 0.0)
        for document in pools.documents
    }
    most_words = max(words.values(), default=0.0) or 1.0
    vector_weight = VECTOR_WEIGHT if pools.vector else 0.0
    roles = role_weights(pools.query)
    ranked = []
    for document in pools.documents:
        of_words = by_words.get(document.blob_id, {})
        of_meaning = by_meaning.get(document.blob_id, {})
        share = words[document.document_id] / most_words
        nearest = max(of_meaning.values(), default=0.0)
        score = (1 - vector_weight) * share + vector_weight * nearest
        chunk_scores = {
            chunk_id: (1 - vector_weight) * of_words.get(chunk_id, 0.0) / most_words
            + vector_weight * of_meaning.get(chunk_id, 0.0)
            for chunk_id in of_words.keys() | of_meaning.keys()
        }
        ranked.append(
            RankedDocument(
                document=document,
                score=score * roles[DocumentRole(document.role)],
                chunks=_ranked_chunks(chunk_scores, found_by),
                legs=tuple(leg for leg, holds in whole_legs.items() if holds(document)),
                words=words[document.document_id],
            )
        )
    return sorted(
        ranked, key=lambda r: (-r.score, r.document.source, r.document.path, r.document.document_id)
    )


def _whole_legs(pools: Pools) -> dict[str, Callable[[VisibleDocument], bool]]:
    """Return, for each retriever of whole documents, whether it found one."""
    by_path = {candidate.document_id for candidate in pools.paths}
    by_history = {candidate.document_id for candidate in pools.history}
    by_symbol = {candidate.blob_id for candidate in pools.symbols}
    return {
        "path": lambda document: document.document_id in by_path,
        "history": lambda document: document.document_id in by_history,
        "symbol": lambda document: document.blob_id in by_symbol,
    }


def _word_scores(pools: Pools) -> dict[int, dict[int, float]]:
    """Return BM25 with what is found letter by letter, by blob and chunk."""
    scores = _by_blob(pools.lexical)
    for candidate in pools.exact:
        of_blob = scores[candidate.blob_id]
        known = of_blob.get(candidate.chunk_id, 0.0)
        of_blob[candidate.chunk_id] = known + EXACT_WEIGHT * candidate.score
    return scores


def _found_by(pools: Pools) -> dict[str, set[int]]:
    """Return which chunks each retriever of chunks found."""
    legs = {"lexical": pools.lexical, "vector": pools.vector, "exact": pools.exact}
    return {leg: {one.chunk_id for one in candidates} for leg, candidates in legs.items()}


def _by_blob(candidates: Sequence[Candidate]) -> defaultdict[int, dict[int, float]]:
    scores: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for candidate in candidates:
        scores[candidate.blob_id][candidate.chunk_id] = candidate.score
    return scores


def _scaled(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Scale similarities to 0..1 between the worst and the best of the pool."""
    if not candidates:
        return []
    lowest = min(candidate.score for candidate in candidates)
    width = max(candidate.score for candidate in candidates) - lowest or 1.0
    return [Candidate(c.chunk_id, c.blob_id, (c.score - lowest) / width) for c in candidates]


def _summed(scores: Mapping[int, float]) -> float:
    best = sorted(scores.values(), reverse=True)
    return sum(weight * score for weight, score in zip(FURTHER_CHUNKS, best, strict=False))


def _ranked_chunks(
    scores: Mapping[int, float], found_by: Mapping[str, Collection[int]]
) -> tuple[RankedChunk, ...]:
    chunks = [
        RankedChunk(
            chunk_id, score, tuple(leg for leg, found in found_by.items() if chunk_id in found)
        )
        for chunk_id, score in scores.items()
    ]
    return tuple(sorted(chunks, key=lambda chunk: (-chunk.score, chunk.chunk_id)))
