"""Retrieval measures over one ranking each; tests compare them with ir_measures."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

# The names under which measures are stored and printed: scripts rely on them.
ACC_1, RECALL_5, RECALL_10, MRR_20 = "Acc@1", "Recall@5", "Recall@10", "MRR@20"
SPAN_5, SPAN_10 = "SpanRecall@5", "SpanRecall@10"
FILE_MEASURES = (ACC_1, RECALL_5, RECALL_10, MRR_20)
NAMES = (*FILE_MEASURES, SPAN_5, SPAN_10)


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over queries, between 0 and 1. Acc@1 is success at 1; MRR@20 is reciprocal rank."""

    queries: int
    acc_1: float
    recall_5: float
    recall_10: float
    mrr_20: float
    span_recall_5: float | None = None  # None: the gold has no lines
    span_recall_10: float | None = None

    @classmethod
    def over(cls, values: Iterable[Mapping[str, float]]) -> Measures:
        """Return the means of questions' values by measure; a measure that one lacks is left out."""
        of_all = list(values)
        means = {name: [one[name] for one in of_all if name in one] for name in NAMES}
        spans = (mean(means[name]) if means[name] else None for name in (SPAN_5, SPAN_10))
        return cls(len(of_all), *(mean(means[name]) for name in FILE_MEASURES), *spans)

    def to_json(self) -> dict[str, object]:
        values: dict[str, object] = {
            "queries": self.queries,
            ACC_1: round(self.acc_1, 4),
            RECALL_5: round(self.recall_5, 4),
            RECALL_10: round(self.recall_10, 4),
            MRR_20: round(self.mrr_20, 4),
        }
        if self.span_recall_5 is not None and self.span_recall_10 is not None:
            values[SPAN_5] = round(self.span_recall_5, 4)
            values[SPAN_10] = round(self.span_recall_10, 4)
        return values


def recall_at(ranking: Sequence[Hashable], gold: Collection[Hashable], k: int) -> float:
    """Return the share of gold entries among the first k."""
    return len(set(ranking[:k]) & set(gold)) / len(set(gold))


def reciprocal_rank_at(ranking: Sequence[Hashable], gold: Collection[Hashable], k: int) -> float:
    """Return 1 / rank of the first gold entry among the first k, else 0."""
    for rank, entry in enumerate(ranking[:k], start=1):
        if entry in gold:
            return 1 / rank
    return 0.0


def success_at_1(ranking: Sequence[Hashable], gold: Collection[Hashable]) -> float:
    return 1.0 if ranking and ranking[0] in gold else 0.0


def mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
