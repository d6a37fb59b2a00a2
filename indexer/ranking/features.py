"""What is known of each document that was found, as numbers that mean the same in every corpus.

Scores are taken relative to the best of the same search, so that a model learned on one
repository says something about another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.lexical.terms import path_terms, term_counts, term_id
from indexer.reading.roles import DocumentRole
from indexer.retrieval.fusion import RankedDocument
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import Candidate, VisibleDocument

Matrix = NDArray[np.float32]
DAY_S = 86_400.0
NEVER_DAYS = 10_000.0
NEAREST = 10  # of the list, whose folders speak for their neighbours
WORD = re.compile(r"\w+")
ABOUT_TESTS = frozenset(term_counts("test tests testing tested fixture coverage pytest mock"))
ABOUT_DOCS = frozenset(term_counts("doc docs documentation readme document guide changelog"))

# Name -> how the score may go with it: 1 up, -1 down, 0 either way.
DIRECTIONS: dict[str, int] = {
    "fused": 1,
    "words": 1,
    "words_best": 1,
    "words_per_term": 1,
    "words_rank": 1,
    "words_second": 0,
    "file_coverage": 1,
    "file_words": 1,
    "path": 1,
    "path_per_term": 1,
    "meaning_scaled": 1,
    "meaning_rank": 1,
    "meaning_second": 1,
    "history_best": 1,
    "history_total": 1,
    "history_per_term": 1,
    "history_rank": 1,
    "symbol": 1,
    "name_asked": 1,
    "name_whole": 1,
    "neighbours": 1,
    "depth": 0,
    "touches": 0,
    "untouched_days": 0,
    "lines": 0,
    "is_source": 0,
    "is_test": 0,
    "is_docs": 0,
    "test_asked": 1,
    "docs_asked": 1,
    "query_terms": 0,
}
NAMES = tuple(DIRECTIONS)


class Activity(NamedTuple):
    touches: int
    untouched_s: float | None


def live_activity(document: VisibleDocument) -> Activity:
    return Activity(document.touches, document.untouched_s)


class Leg(NamedTuple):
    """One retriever's scores, by what it found."""

    scores: Mapping[int, float]
    ranks: Mapping[int, int]
    most: float

    def share(self, key: int) -> float:
        return self.scores.get(key, 0.0) / self.most

    def closeness(self, key: int) -> float:
        """Return 1 for the first, 1/2 for the second ..., 0 for what was not found."""
        rank = self.ranks.get(key)
        return 1.0 / rank if rank else 0.0


def features_of(
    pools: Pools,
    ranked: Sequence[RankedDocument],
    activity_of: Callable[[VisibleDocument], Activity] = live_activity,
) -> Matrix:
    """Return a row of features for each document, in the order of NAMES; shape (n, features)."""
    words, words_second = _chunk_leg(pools.lexical)
    meaning, meaning_second = _chunk_leg(pools.vector)
    lowest = min((c.score for c in pools.vector), default=0.0)
    width = (meaning.most - lowest) or 1.0
    paths = _leg([(c.document_id, c.score) for c in pools.paths])
    history = _leg([(c.document_id, c.best) for c in pools.history])
    history_total = _leg([(c.document_id, c.total) for c in pools.history])
    symbols = _leg([(c.blob_id, c.score) for c in pools.symbols])
    asked = sum(pools.weights.values()) or 1.0
    activities = [activity_of(one.document) for one in ranked]
    most_touches = log1p(max((a.touches for a in activities), default=0)) or 1.0
    about_tests = _is_about(pools, ABOUT_TESTS)
    about_docs = _is_about(pools, ABOUT_DOCS)
    coverage = {c.blob_id: c.file_coverage for c in pools.lexical}
    files = _leg([(c.blob_id, c.file_score) for c in pools.lexical])
    neighbours = _neighbours(ranked)
    asked_words = frozenset(WORD.findall(pools.query.lower()))
    summed = _leg([(one.document.document_id, one.words) for one in ranked])
    rows = []
    for one, activity, near in zip(ranked, activities, neighbours, strict=True):
        document = one.document
        blob, number = document.blob_id, document.document_id
        is_test = document.role == DocumentRole.TEST
        is_docs = document.role in {DocumentRole.DOCS, DocumentRole.CHANGELOG}
        best_meaning = meaning.scores.get(blob, lowest)
        untouched = activity.untouched_s
        rows.append(
            (
                one.score,
                summed.share(number),
                words.share(blob),
                words.scores.get(blob, 0.0) / asked,
                words.closeness(blob),
                words_second.get(blob, 0.0) / (words.scores.get(blob, 0.0) or 1.0),
                coverage.get(blob, 0.0),
                files.share(blob),
                paths.share(number),
                paths.scores.get(number, 0.0) / asked,
                (best_meaning - lowest) / width,
                meaning.closeness(blob),
                (meaning_second.get(blob, lowest) - lowest) / width,
                history.share(number),
                history_total.share(number),
                history.scores.get(number, 0.0) / asked,
                history.closeness(number),
                symbols.share(blob),
                _names_it(document.path, pools),
                float(_stem(document.path).lower() in asked_words),
                near,
                float(document.path.count("/")),
                log1p(activity.touches) / most_touches,
                log1p(NEVER_DAYS if untouched is None else max(untouched, 0.0) / DAY_S),
                log1p(document.line_count),
                float(document.role == DocumentRole.SOURCE),
                float(is_test),
                float(is_docs),
                float(is_test and about_tests),
                float(is_docs and about_docs),
                log1p(len(pools.weights)),
            )
        )
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(NAMES))


def _chunk_leg(candidates: Sequence[Candidate]) -> tuple[Leg, dict[int, float]]:
    """Return each blob's best chunk as a leg, and the scores of second chunks."""
    best: dict[int, float] = {}
    second: dict[int, float] = {}
    for candidate in candidates:
        blob, score = candidate.blob_id, candidate.score
        if blob not in best:
            best[blob] = score
        else:
            second.setdefault(blob, score)
    return _leg(list(best.items())), second


def _leg(scores: Sequence[tuple[int, float]]) -> Leg:
    known = dict(scores)
    ranks = {key: rank for rank, (key, _) in enumerate(scores, start=1)}
    return Leg(known, ranks, max(known.values(), default=0.0) or 1.0)


def _is_about(pools: Pools, words: frozenset[str]) -> bool:
    return any(term_id(word) in pools.weights for word in words)


def _names_it(path: str, pools: Pools) -> float:
    """Return the share of a file's own name, without ending, that the question holds."""
    own = {term_id(term) for term in path_terms(_stem(path))}
    return len(own & pools.weights.keys()) / len(own) if own else 0.0


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _neighbours(ranked: Sequence[RankedDocument]) -> list[float]:
    """Return how many of the best documents stand in the same folder, the first counting most."""
    best: dict[tuple[int, str], float] = defaultdict(float)
    own = [1.0 / (rank + 1) if rank < NEAREST else 0.0 for rank in range(len(ranked))]
    folders = [(one.document.source_id, one.document.path.rpartition("/")[0]) for one in ranked]
    for folder, share in zip(folders, own, strict=True):
        best[folder] += share
    return [best[folder] - share for folder, share in zip(folders, own, strict=True)]
