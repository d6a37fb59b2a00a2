"""Retrieval measures over one ranking each; tests compare them with ir_measures."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over queries, between 0 and 1. Acc@1 is success at 1; MRR@20 is reciprocal rank."""

    queries: int
    acc_1: float
    recall_5: float
    recall_10: float
    mrr_20: float
    span_recall_10: float | None = None  # None: the gold has no lines

    def to_json(self) -> dict[str, object]:
        values: dict[str, object] = {
            "queries": self.queries,
            "Acc@1": round(self.acc_1, 4),
            "Recall@5": round(self.recall_5, 4),
            "Recall@10": round(self.recall_10, 4),
            "MRR@20": round(self.mrr_20, 4),
        }
        if self.span_recall_10 is not None:
            values["SpanRecall@10"] = round(self.span_recall_10, 4)
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
