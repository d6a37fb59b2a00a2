"""Which ranking is in use, and how to choose another."""

from __future__ import annotations

import logging
from functools import lru_cache

from django.utils import timezone

from indexer.models import Ranking
from indexer.ranking.trees import RankingUnusable, Trees, shipped

logger = logging.getLogger(__name__)


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
    won = Ranking.objects.filter(origin=Ranking.Origin.LEARNED, figures__won=True).first()
    ranking = won or Ranking.objects.create(origin=Ranking.Origin.SHIPPED)
    choose(ranking, by_hand=False)
    return ranking


def trees_in_use() -> Trees | None:
    """Return the model that orders results now; None: fixed weights."""
    last = (
        Ranking.objects.filter(chosen_at__isnull=False)
        .order_by("-chosen_at")
        .values_list("pk", "origin")
        .first()
    )
    if last is None or last[1] == Ranking.Origin.SHIPPED:
        return shipped()
    return None if last[1] == Ranking.Origin.PLAIN else _learned(last[0])


@lru_cache(maxsize=2)
def _learned(pk: int) -> Trees | None:
    try:
        return Trees.from_json(Ranking.objects.values_list("trees", flat=True).get(pk=pk))
    except RankingUnusable as exc:
        logger.warning("ranking=%s is not used: %s", pk, exc)
        return shipped()
