"""What the answers of a run come to: over all, and for each part that tells something by itself."""

from __future__ import annotations

from collections import defaultdict

from indexer.evaluation.measures import Measures
from indexer.models import EvaluationAnswer, EvaluationRun, GoldenSet

ALL, HISTORY, ASKED, NAMED, UNNAMED = "all", "history", "asked", "named", "unnamed"
# What each part is called on pages and in alarms.
PARTS = {
    ALL: "all questions",
    HISTORY: "questions from history",
    ASKED: "questions in plain language",
    NAMED: "questions that name their answer",
    UNNAMED: "questions that do not name their answer",
}
JUDGED = (HISTORY, ASKED)  # both kinds must not get worse

Values = dict[str, dict[str, float]]  # question -> measure -> value


def kind_of(answer: EvaluationAnswer) -> str:
    is_history = answer.entry.golden_set.kind == GoldenSet.Kind.HISTORY
    return HISTORY if is_history else ASKED


def values_by_part(run: EvaluationRun) -> dict[str, Values]:
    """Return each question's values, for all of them and for each part of PARTS."""
    parts: dict[str, Values] = {part: {} for part in PARTS}
    for answer in run.answers.select_related("entry__golden_set"):
        named = NAMED if answer.is_named else UNNAMED
        for part in (ALL, kind_of(answer), named):
            parts[part][str(answer.entry_id)] = answer.values
    return parts


def summarise(run: EvaluationRun) -> dict[str, object]:
    """Return the means of each part, source and set, as EvaluationRun.measures holds them."""
    sources: dict[str, list[dict[str, float]]] = defaultdict(list)
    sets: dict[str, list[dict[str, float]]] = defaultdict(list)
    for answer in run.answers.select_related("entry"):
        sources[str(answer.entry.source_id or "")].append(answer.values)
        sets[str(answer.entry.golden_set_id)].append(answer.values)
    parts = {part: list(values.values()) for part, values in values_by_part(run).items()}
    return {
        **{part: Measures.over(values).to_json() for part, values in parts.items() if values},
        "sources": {key: Measures.over(values).to_json() for key, values in sources.items() if key},
        "sets": {key: Measures.over(values).to_json() for key, values in sets.items()},
    }
