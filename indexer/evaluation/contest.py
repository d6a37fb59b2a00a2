"""Two ways to search, asked the same questions one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable

from indexer.evaluation.alarms import compared_parts
from indexer.evaluation.comparison import Comparison
from indexer.evaluation.golden import GoldenQuestion
from indexer.evaluation.run import Asker, values_of
from indexer.evaluation.strata import names_its_answer
from indexer.evaluation.summary import ALL, ASKED, HISTORY, NAMED, PARTS, UNNAMED, Values
from indexer.retrieval.variant import Variant
from indexer.scope import Scope


def contest(
    questions: Iterable[GoldenQuestion],
    a: Variant,
    b: Variant,
    *,
    scope: Scope,
    time_limit_s: float = float("inf"),
) -> dict[str, dict[str, Comparison]]:
    """Return the comparison for each part of the questions, as many as fit into the time."""
    deadline = time.monotonic() + time_limit_s
    askers = Asker(scope, variant=a), Asker(scope, variant=b)
    sides: tuple[dict[str, Values], dict[str, Values]] = (
        {part: {} for part in PARTS},
        {part: {} for part in PARTS},
    )
    for number, question in enumerate(questions):
        if time.monotonic() > deadline:
            break
        parts = parts_of(question)
        for asker, side in zip(askers, sides, strict=True):
            values = values_of(asker.ask(question))
            for part in parts:
                side[part][str(number)] = values
    return compared_parts(*sides)


def parts_of(question: GoldenQuestion) -> tuple[str, str, str]:
    kind = ASKED if question.asked_at is None else HISTORY
    return (ALL, kind, NAMED if names_its_answer(question) else UNNAMED)
