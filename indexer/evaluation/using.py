"""Choosing what search uses, through the gate: what is worse needs a reason."""

from __future__ import annotations

from collections.abc import Callable

from indexer.evaluation.promotion import TIME_LIMIT_S, Change, promote
from indexer.models import Promotion, Ranking
from indexer.ranking.choice import (
    automatic_choice,
    choose,
    choose_automatically,
    choose_origin,
    name_in_use,
    trees_of,
)
from indexer.retrieval.variant import Variant
from indexer.scope import Scope

AUTO = "auto"


def use_ranking(
    which: str,
    *,
    scope: Scope,
    by: str,
    override: str = "",
    time_limit_s: float = TIME_LIMIT_S,
) -> Promotion:
    """Use plain, shipped, a learned number, or what the nightly job would (auto).

    Raises RankingUnknown, and PromotionRefused when it is worse and no reason is given.
    """
    name = automatic_choice() if which == AUTO else which
    trees_of(name)
    change = Change("ranking", name_in_use(), which, Variant(ranking=name))
    return promote(
        change,
        _choice(which),
        scope=scope,
        by=by,
        override=override,
        time_limit_s=time_limit_s,
    )


def _choice(which: str) -> Callable[[], object]:
    if which == AUTO:
        return choose_automatically
    if which.isdecimal():
        ranking = Ranking.objects.get(pk=which)
        return lambda: choose(ranking, by_hand=True)
    return lambda: choose_origin(Ranking.Origin(which))
