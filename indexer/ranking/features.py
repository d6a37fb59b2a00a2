"""What is known of each document that was found, as numbers that mean the same in every corpus.

Scores are taken relative to the best of the same search, so that a model learned on one
repository says something about another. Whether a file is a test or prose is told for descriptions of
changes alone: they are what is learned from, and they are answered by sources. A question, or a few
words, may be answered by any file: every file is shown as a source; the fixed weights know more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.lexical.terms import path_terms, term_id
from indexer.reading.roles import DocumentRole
from indexer.retrieval.fusion import RankedDocument
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import Candidate, VisibleDocument
from indexer.retrieval.roles import is_question

Matrix = NDArray[np.float32]
DAY_S = 86_400.0
NEVER_DAYS = 10_000.0
NEAREST = 10  # of the list, whose folders and sources speak for their neighbours
WORD = re.compile(r"\w+")
AS_SOURCE = (1.0, 0.0, 0.0)
FEW_WORDS = 3  # are no description: whoever types "install guide" may well mean the prose

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
    "exact": 1,
    "name_asked": 1,
    "name_whole": 1,
    "neighbours": 1,
    "source": 1,
    "depth": 0,
    "touches": 0,
    "untouched_days": 0,
    "lines": 0,
    "query_terms": 0,
    "is_source": 0,
    "is_test": 0,
    "is_prose": 0,
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


@dataclass(frozen=True, slots=True)
class Search:
    """What a row is relative to: every retriever's scores of one search, and what is asked."""

    words: Leg
    words_second: Mapping[int, float]
    coverage: Mapping[int, float]
    files: Leg
    paths: Leg
    summed: Leg
    meaning: Leg
    meaning_second: Mapping[int, float]
    lowest: float  # similarity in the pool
    history: Leg
    history_total: Leg
    symbols: Leg
    exact: Leg
    asked: float
    terms: frozenset[int]
    query_words: frozenset[str]

    @classmethod
    def of(cls, pools: Pools, ranked: Sequence[RankedDocument]) -> Search:
        words, words_second = _chunk_leg(pools.lexical)
        meaning, meaning_second = _chunk_leg(pools.vector)
        return cls(
            words=words,
            words_second=words_second,
            coverage={c.blob_id: c.file_coverage for c in pools.lexical},
            files=_leg([(c.blob_id, c.file_score) for c in pools.lexical]),
            paths=_leg([(c.document_id, c.score) for c in pools.paths]),
            summed=_leg([(one.document.document_id, one.words) for one in ranked]),
            meaning=meaning,
            meaning_second=meaning_second,
            lowest=min((c.score for c in pools.vector), default=0.0),
            history=_leg([(c.document_id, c.best) for c in pools.history]),
            history_total=_leg([(c.document_id, c.total) for c in pools.history]),
            symbols=_leg([(c.blob_id, c.score) for c in pools.symbols]),
            exact=_chunk_leg(pools.exact)[0],
            asked=sum(pools.weights.values()) or 1.0,
            terms=frozenset(pools.weights),
            query_words=frozenset(WORD.findall(pools.query.lower())),
        )

    def by_words(self, document: VisibleDocument) -> tuple[float, ...]:
        blob, number = document.blob_id, document.document_id
        best = self.words.scores.get(blob, 0.0)
        return (
            self.summed.share(number),
            self.words.share(blob),
            best / self.asked,
            self.words.closeness(blob),
            self.words_second.get(blob, 0.0) / (best or 1.0),
            self.coverage.get(blob, 0.0),
            self.files.share(blob),
            self.paths.share(number),
            self.paths.scores.get(number, 0.0) / self.asked,
        )

    def by_meaning(self, document: VisibleDocument) -> tuple[float, ...]:
        blob = document.blob_id
        width = (self.meaning.most - self.lowest) or 1.0
        return (
            (self.meaning.scores.get(blob, self.lowest) - self.lowest) / width,
            self.meaning.closeness(blob),
            (self.meaning_second.get(blob, self.lowest) - self.lowest) / width,
        )

    def by_history(self, document: VisibleDocument) -> tuple[float, ...]:
        number = document.document_id
        return (
            self.history.share(number),
            self.history_total.share(number),
            self.history.scores.get(number, 0.0) / self.asked,
            self.history.closeness(number),
        )

    def by_name(self, document: VisibleDocument) -> tuple[float, ...]:
        stem = _stem(document.path)
        own = {term_id(term) for term in path_terms(stem)}
        return (
            self.symbols.share(document.blob_id),
            self.exact.share(document.blob_id),
            len(own & self.terms) / len(own) if own else 0.0,
            float(stem.lower() in self.query_words),
        )


def features_of(
    pools: Pools,
    ranked: Sequence[RankedDocument],
    activity_of: Callable[[VisibleDocument], Activity] = live_activity,
) -> Matrix:
    """Return a row of features for each document, in the order of NAMES; shape (n, features)."""
    search = Search.of(pools, ranked)
    is_described = not is_question(pools.query) and len(WORD.findall(pools.query)) > FEW_WORDS
    activities = [activity_of(one.document) for one in ranked]
    most_touches = log1p(max((a.touches for a in activities), default=0)) or 1.0
    rows = [
        (
            one.score,
            *search.by_words(one.document),
            *search.by_meaning(one.document),
            *search.by_history(one.document),
            *search.by_name(one.document),
            neighbours,
            of_source,
            float(one.document.path.count("/")),
            log1p(activity.touches) / most_touches,
            log1p(_days(activity.untouched_s)),
            log1p(one.document.line_count),
            log1p(len(pools.weights)),
            *(_role(one.document) if is_described else AS_SOURCE),
        )
        for one, activity, neighbours, of_source in zip(
            ranked, activities, _neighbours(ranked), _of_sources(ranked), strict=True
        )
    ]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(NAMES))


def _role(document: VisibleDocument) -> tuple[float, ...]:
    role = DocumentRole(document.role)
    return (
        float(role == DocumentRole.SOURCE),
        float(role == DocumentRole.TEST),
        float(role in {DocumentRole.DOCS, DocumentRole.CHANGELOG}),
    )


def _days(seconds: float | None) -> float:
    return NEVER_DAYS if seconds is None else max(seconds, 0.0) / DAY_S


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


def _of_sources(ranked: Sequence[RankedDocument]) -> list[float]:
    """Return how much of the best documents stands in the same source, as a share of the most."""
    best: dict[int, float] = defaultdict(float)
    for rank, one in enumerate(ranked[:NEAREST]):
        best[one.document.source_id] += one.score / (rank + 1)
    most = max(best.values(), default=0.0) or 1.0
    return [best[one.document.source_id] / most for one in ranked]
