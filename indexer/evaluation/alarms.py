"""What got worse between two runs, beyond what chance explains."""

from __future__ import annotations

from collections.abc import Mapping

from indexer.evaluation.comparison import Comparison, compare_measures
from indexer.evaluation.measures import ACC_1, MRR_20, RECALL_10, SPAN_10
from indexer.evaluation.summary import JUDGED, Values, values_by_part
from indexer.models import EvaluationRun

TELLING = (ACC_1, RECALL_10, MRR_20, SPAN_10)
VECTOR_RECALL = "VectorRecall@10"
LEAST_VECTOR_RECALL = 0.98  # for every reader


def compare_runs(a: EvaluationRun, b: EvaluationRun) -> dict[str, dict[str, Comparison]]:
    """Compare the measures of two runs for each part, over the questions that both answered."""
    before, after = values_by_part(a), values_by_part(b)
    return compared_parts(before, after)


def compared_parts(
    before: Mapping[str, Values], after: Mapping[str, Values]
) -> dict[str, dict[str, Comparison]]:
    compared = {part: compare_measures(before[part], after[part]) for part in before}
    return {part: measures for part, measures in compared.items() if measures}


def worse_in(compared: Mapping[str, Mapping[str, Comparison]]) -> list[tuple[str, str]]:
    """Return part and measure of each drop beyond the interval, each kind of question by itself."""
    return [
        (part, name)
        for part in JUDGED
        for name in TELLING
        if (one := compared.get(part, {}).get(name)) is not None and one.is_worse
    ]


def find_alarms(run: EvaluationRun, good: EvaluationRun | None) -> list[dict[str, object]]:
    """Return what dropped since the last good run, and which readers' vector recall is too low."""
    found: list[dict[str, object]] = []
    if good is not None:
        compared = compare_runs(good, run)
        found = [
            {"over": part, "measure": name, **compared[part][name].to_json()}
            for part, name in worse_in(compared)
        ]
    return found + [
        {
            "over": f"readers of {one['share']:.1%}".replace(".0%", "%"),
            "measure": VECTOR_RECALL,
            "a": LEAST_VECTOR_RECALL,
            "b": one["recall"],
        }
        for one in run.vector_recall
        if one["recall"] < LEAST_VECTOR_RECALL
    ]
