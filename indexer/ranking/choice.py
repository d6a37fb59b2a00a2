"""Which ranking is in use, and how to choose another."""

from __future__ import annotations

import logging
from functools import lru_cache

from django.utils import timezone

from indexer.errors import IndexerError
from indexer.models import Ranking
from indexer.ranking.trees import RankingUnusable, Trees, shipped

logger = logging.getLogger(__name__)


class RankingUnknown(IndexerError):
    """There is no ranking of this name."""


def chosen() -> Ranking | None:
    """Return the ranking that was chosen last; None: nobody chose, the shipped one is used."""
    return Ranking.objects.filter(chosen_at__isnull=False).order_by("-chosen_at").first()


def choose(ranking: Ranking, *, by_hand: bool) -> None:
    """Use a ranking from the next search on."""
    ranking.chosen_at, ranking.by_hand = timezone.now(), by_hand
    ranking.save(update_fields=["chosen_at", "by_hand"])


def choose_origin(origin: Ranking.Origin) -> Ranking:
    """Go back to the shipped ranking, or to fixed weights, until a person chooses again."""
    ranking = Ranking.objects.create(origin=origin)
    choose(ranking, by_hand=True)
    return ranking


def choose_automatically() -> Ranking:
    """Let the nightly job decide again, beginning with the newest ranking that won."""
    ranking = _newest_winner() or Ranking.objects.create(origin=Ranking.Origin.SHIPPED)
    choose(ranking, by_hand=False)
    return ranking


def automatic_choice() -> str:
    """Return the name of what choose_automatically would choose."""
    won = _newest_winner()
    return str(won.pk) if won else str(Ranking.Origin.SHIPPED)


def _newest_winner() -> Ranking | None:
    return Ranking.objects.filter(origin=Ranking.Origin.LEARNED, figures__won=True).first()


def trees_in_use() -> Trees | None:
    """Return the model that orders results now; None: fixed weights."""
    return trees_of(name_in_use())


def name_in_use() -> str:
    """Return what orders results now: plain, shipped, or the number of a learned ranking."""
    last = (
        Ranking.objects.filter(chosen_at__isnull=False)
        .order_by("-chosen_at")
        .values_list("pk", "origin")
        .first()
    )
    if last is None:
        return str(Ranking.Origin.SHIPPED)
    return str(last[0]) if last[1] == Ranking.Origin.LEARNED else last[1]


def trees_of(name: str) -> Trees | None:
    """Return the model of that name; None: fixed weights. Raise RankingUnknown for another name."""
    if name == Ranking.Origin.PLAIN:
        return None
    if name == Ranking.Origin.SHIPPED:
        return shipped()
    origin = None
    if name.isdecimal():
        origin = Ranking.objects.filter(pk=name).values_list("origin", flat=True).first()
    if origin is None:
        raise RankingUnknown(f"There is no ranking {name}; see: manage.py ranking list")
    return _learned(int(name)) if origin == Ranking.Origin.LEARNED else trees_of(origin)


@lru_cache(maxsize=2)
def _learned(pk: int) -> Trees | None:
    try:
        return Trees.from_json(Ranking.objects.values_list("trees", flat=True).get(pk=pk))
    except RankingUnusable as exc:
        logger.warning("ranking=%s is not used: %s", pk, exc)
        return shipped()
