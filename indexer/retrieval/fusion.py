"""Joins the retrievers' candidates into one list of documents with their best chunks.

A convex combination of normalised scores, not of ranks: it was better than reciprocal rank fusion
in Bruch et al. (arXiv 2210.11934) and in our own measurements (docs/experiments.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indexer.reading.roles import DocumentRole
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import Candidate, VisibleDocument

# Chosen on the golden sets of docs/experiments.md; each is flat around its value.
VECTOR_WEIGHT = 0.3
PATH_WEIGHT = 1.5  # of the path's rarity sum, added to BM25's
# A document that matches in several places is a better answer than its best place alone.
FURTHER_CHUNKS = (1.0, 0.5, 0.25)
# Tests and prose repeat the words of the code that they are about.
LESSER_ROLES = frozenset(DocumentRole) - {DocumentRole.SOURCE}
LESSER_ROLE_WEIGHT = 0.4


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
    lexical, vector, documents = pools.lexical, pools.vector, pools.documents
    whole_legs = _whole_legs(pools)
    path_scores = {candidate.document_id: candidate.score for candidate in pools.paths}
    lexical_scores = _by_blob(lexical)
    vector_scores = _by_blob(_scaled(vector))
    word_scores = {
        document.document_id: _summed(lexical_scores.get(document.blob_id, {}))
        + PATH_WEIGHT * path_scores.get(document.document_id, 0.0)
        for document in documents
    }
    most_words = max(word_scores.values(), default=0.0) or 1.0
    vector_weight = VECTOR_WEIGHT if vector else 0.0
    ranked = []
    for document in documents:
        by_words = word_scores[document.document_id] / most_words
        by_meaning = max(vector_scores.get(document.blob_id, {}).values(), default=0.0)
        score = (1 - vector_weight) * by_words + vector_weight * by_meaning
        ranked.append(
            RankedDocument(
                document=document,
                score=score * (LESSER_ROLE_WEIGHT if document.role in LESSER_ROLES else 1.0),
                chunks=_ranked_chunks(
                    lexical_scores.get(document.blob_id, {}),
                    vector_scores.get(document.blob_id, {}),
                    most_words,
                    vector_weight,
                ),
                legs=tuple(leg for leg, holds in whole_legs.items() if holds(document)),
                words=word_scores[document.document_id],
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


def _by_blob(candidates: Sequence[Candidate]) -> dict[int, dict[int, float]]:
    scores: dict[int, dict[int, float]] = defaultdict(dict)
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
    lexical: Mapping[int, float],
    vector: Mapping[int, float],
    most_words: float,
    vector_weight: float,
) -> tuple[RankedChunk, ...]:
    chunks = [
        RankedChunk(
            chunk_id,
            (1 - vector_weight) * lexical.get(chunk_id, 0.0) / most_words
            + vector_weight * vector.get(chunk_id, 0.0),
            tuple(
                leg
                for leg, scores in (("lexical", lexical), ("vector", vector))
                if chunk_id in scores
            ),
        )
        for chunk_id in lexical.keys() | vector.keys()
    ]
    return tuple(sorted(chunks, key=lambda chunk: (-chunk.score, chunk.chunk_id)))
