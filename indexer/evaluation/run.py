"""Asks golden questions of the search that people use, and measures what comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from indexer.evaluation.golden import GoldenQuestion
from indexer.evaluation.measures import (
    ACC_1,
    MRR_20,
    RECALL_5,
    RECALL_10,
    SPAN_5,
    SPAN_10,
    Measures,
    recall_at,
    reciprocal_rank_at,
    success_at_1,
)
from indexer.ranking.examples import Past
from indexer.retrieval.hits import Hit
from indexer.retrieval.search import search
from indexer.retrieval.variant import AS_USED, Then, Variant
from indexer.scope import Scope

HITS = 20


@dataclass(frozen=True, slots=True)
class Answered:
    """A golden question with the hits that search gave for it."""

    question: GoldenQuestion
    hits: tuple[Hit, ...]

    def to_json(self) -> dict[str, object]:
        return {"id": self.question.id, "hits": [hit.to_json() for hit in self.hits]}


class Asker:
    """Asks questions in a scope; one that a commit asks sees the history from before it."""

    def __init__(
        self, scope: Scope, *, source_names: Collection[str] = (), variant: Variant = AS_USED
    ) -> None:
        self._scope = scope
        self._source_names = source_names
        self._variant = variant
        self._past: Past | None = None

    def ask(self, question: GoldenQuestion) -> Answered:
        result = search(
            question.query,
            scope=self._scope,
            source_names=self._source_names,
            limit=HITS,
            variant=self._variant,
            then=self._then(question),
        )
        return Answered(question, result.hits)

    def _then(self, question: GoldenQuestion) -> Then | None:
        before = question.asked_at
        if before is None:
            return None
        if self._past is None:  # reads every commit: only when one asks
            self._past = Past(sorted(self._scope.source_ids))
        past = self._past
        return Then(before, lambda document: past.activity(document, before))


def answer_all(
    questions: Sequence[GoldenQuestion],
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    variant: Variant = AS_USED,
) -> Iterator[Answered]:
    """Yield each question with its hits, in order."""
    asker = Asker(scope, source_names=source_names, variant=variant)
    for question in questions:
        yield asker.ask(question)


def measure(answered: Sequence[Answered]) -> Measures:
    """Return the means over all questions, by file (and by lines where the gold has them)."""
    return Measures.over(values_of(one) for one in answered)


def values_of(answered: Answered) -> dict[str, float]:
    """Return what each measure says of one question; those of lines where the gold has lines."""
    ranking, gold = _files(answered), _gold_files(answered)
    values = {
        ACC_1: success_at_1(ranking, gold),
        RECALL_5: recall_at(ranking, gold, 5),
        RECALL_10: recall_at(ranking, gold, 10),
        MRR_20: reciprocal_rank_at(ranking, gold, 20),
    }
    if any(one.span for one in answered.question.gold):
        values |= {SPAN_5: _span_recall(answered, 5), SPAN_10: _span_recall(answered, 10)}
    return values


def _files(answered: Answered) -> list[tuple[str | None, str]]:
    """Return the ranked files; the source counts only where the question names one."""
    named = answered.question.source is not None
    ranking = [(hit.source if named else None, hit.path) for hit in answered.hits]
    return list(dict.fromkeys(ranking))


def _gold_files(answered: Answered) -> list[tuple[str | None, str]]:
    question = answered.question
    return [(question.source, gold.path) for gold in question.gold]


def _span_recall(answered: Answered, k: int) -> float:
    """Return the share of gold spans that one of the first k hits overlaps."""
    spans = [gold for gold in answered.question.gold if gold.span]
    source = answered.question.source
    found = [
        any(
            hit.path == gold.path
            and source in {None, hit.source}
            and gold.span is not None
            and hit.span.overlaps(gold.span)
            for hit in answered.hits[:k]
        )
        for gold in spans
    ]
    return sum(found) / len(found)
