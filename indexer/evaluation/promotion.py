"""The gate in front of what search uses: what is worse does not pass, unless a person says why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import transaction

from indexer.errors import IndexerError
from indexer.evaluation.alarms import worse_in
from indexer.evaluation.comparison import Comparison
from indexer.evaluation.contest import contest
from indexer.evaluation.sets import in_fair_order, question_of, questions_in_use
from indexer.evaluation.summary import ALL, PARTS
from indexer.models import Promotion
from indexer.retrieval.variant import AS_USED, Variant
from indexer.scope import Scope

logger = logging.getLogger(__name__)

MOST_QUESTIONS = 200
TIME_LIMIT_S = 60.0
MAX_REASON = 500

Compared = Mapping[str, Mapping[str, Comparison]]


class PromotionRefused(IndexerError):
    """What should be used from now on is worse."""


@dataclass(frozen=True, slots=True)
class Change:
    """What shall be used instead of what, and how to search in either way."""

    kind: str  # ranking, embedding, reranker
    before: str
    after: str
    b: Variant
    a: Variant = AS_USED


def promote(
    change: Change,
    apply: Callable[[], object],
    *,
    scope: Scope,
    by: str,
    override: str = "",
    time_limit_s: float = TIME_LIMIT_S,
) -> Promotion:
    """Measure a change on the golden questions and make it; raise PromotionRefused if it is worse.

    `override` is the reason why a person makes it all the same. Each decision is recorded; where
    there are no golden questions nothing speaks against a change, and the record says so.
    """
    questions = [question_of(one) for one in in_fair_order(questions_in_use())[:MOST_QUESTIONS]]
    compared = contest(questions, change.a, change.b, scope=scope, time_limit_s=time_limit_s)
    return decide(change, compared, apply, by=by, override=override)


def decide(
    change: Change, compared: Compared, apply: Callable[[], object], *, by: str, override: str = ""
) -> Promotion:
    """As promote, by a comparison that was made already."""
    override = override.strip()[:MAX_REASON]
    worse = worse_in(compared)
    verdict = Promotion.Verdict.PASSED
    if worse:
        verdict = Promotion.Verdict.OVERRIDDEN if override else Promotion.Verdict.REFUSED
    is_refused = verdict == Promotion.Verdict.REFUSED
    with transaction.atomic():
        promotion = Promotion.objects.create(
            kind=change.kind,
            before=change.before[:200],
            after=change.after[:200],
            verdict=verdict,
            comparison={
                part: {name: one.to_json() for name, one in measures.items()}
                for part, measures in compared.items()
            },
            decided_by=by,
            reason=override if worse else "",
        )
        if not is_refused:
            apply()
    logger.info("promotion=%s %s %s", promotion.pk, change.kind, verdict)
    if is_refused:
        raise PromotionRefused(_sentence(change, compared, worse))
    return promotion


def questions_in(promotion: Promotion) -> int:
    """Return over how many questions a decision was made."""
    measures = promotion.comparison.get(ALL, {})
    return max((int(one["questions"]) for one in measures.values()), default=0)


def _sentence(change: Change, compared: Compared, worse: list[tuple[str, str]]) -> str:
    drops = [
        f"{name} over {PARTS[part]} {compared[part][name].a:.3f} -> {compared[part][name].b:.3f} "
        f"(95%: {compared[part][name].low:+.3f} to {compared[part][name].high:+.3f})"
        for part, name in worse
    ]
    return (
        f"{change.kind.capitalize()} {change.after} is worse than {change.before}: "
        f"{'; '.join(drops)}. To use it all the same, give the reason."
    )
