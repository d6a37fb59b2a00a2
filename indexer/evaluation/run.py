"""Asks golden questions of the search that people use, and measures what comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from indexer.evaluation.golden import GoldenQuestion
from indexer.evaluation.measures import (
    Measures,
    mean,
    recall_at,
    reciprocal_rank_at,
    success_at_1,
)
from indexer.retrieval.hits import Hit
from indexer.retrieval.search import search
from indexer.scope import Scope

HITS = 20


@dataclass(frozen=True, slots=True)
class Answered:
    """A golden question with the hits that search gave for it."""

    question: GoldenQuestion
    hits: tuple[Hit, ...]

    def to_json(self) -> dict[str, object]:
        return {"id": self.question.id, "hits": [hit.to_json() for hit in self.hits]}


def answer_all(
    questions: Sequence[GoldenQuestion], *, scope: Scope, source_names: Collection[str] = ()
) -> Iterator[Answered]:
    """Yield each question with its hits, in order."""
    for question in questions:
        result = search(question.query, scope=scope, source_names=source_names, limit=HITS)
        yield Answered(question, result.hits)


def measure(answered: Sequence[Answered]) -> Measures:
    """Return the means over all questions, by file (and by lines where the gold has them)."""
    files = [(_files(one), _gold_files(one)) for one in answered]
    spans = [_span_recall(one) for one in answered if any(g.span for g in one.question.gold)]
    return Measures(
        queries=len(answered),
        acc_1=mean([success_at_1(ranking, gold) for ranking, gold in files]),
        recall_5=mean([recall_at(ranking, gold, 5) for ranking, gold in files]),
        recall_10=mean([recall_at(ranking, gold, 10) for ranking, gold in files]),
        mrr_20=mean([reciprocal_rank_at(ranking, gold, 20) for ranking, gold in files]),
        span_recall_10=mean(spans) if spans else None,
    )


def _files(answered: Answered) -> list[tuple[str | None, str]]:
    """Return the ranked files; the source counts only where the question names one."""
    named = answered.question.source is not None
    ranking = [(hit.source if named else None, hit.path) for hit in answered.hits]
    return list(dict.fromkeys(ranking))


def _gold_files(answered: Answered) -> list[tuple[str | None, str]]:
    question = answered.question
    return [(question.source, gold.path) for gold in question.gold]


def _span_recall(answered: Answered) -> float:
    """Return the share of gold spans that one of the first ten hits overlaps."""
    spans = [gold for gold in answered.question.gold if gold.span]
    source = answered.question.source
    found = [
        any(
            hit.path == gold.path
            and source in {None, hit.source}
            and gold.span is not None
            and hit.span.overlaps(gold.span)
            for hit in answered.hits[:10]
        )
        for gold in spans
    ]
    return sum(found) / len(found)
