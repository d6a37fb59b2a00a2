"""Which ranking is in use: the shipped one at first, then what was chosen last, never a broken one."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest

from indexer.models import Ranking
from indexer.ranking import choice
from indexer.ranking.choice import choose, choose_automatically, choose_origin, chosen, trees_in_use
from indexer.ranking.features import NAMES
from indexer.ranking.trees import RankingUnusable, Trees, shipped

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def trees() -> Trees:
    rows = np.random.default_rng(1).random((40, len(NAMES)), np.float32)
    return Trees.fit(rows, (rows[:, 0] > 0.5).astype(np.float32), [10] * 4)


@pytest.fixture
def learned(trees: Trees) -> Ranking:
    return Ranking.objects.create(
        origin=Ranking.Origin.LEARNED, trees=trees.to_json(), figures={"won": True}
    )


def test_at_first_the_shipped_one_is_in_use() -> None:
    assert chosen() is None
    assert trees_in_use() is shipped()


def test_what_was_chosen_last_is_in_use(learned: Ranking, trees: Trees) -> None:
    rows = np.random.default_rng(2).random((5, len(NAMES)), np.float32)
    choose(learned, by_hand=False)
    in_use = trees_in_use()
    assert in_use is not None
    assert (in_use.scores(rows) == trees.scores(rows)).all()
    choose_origin(Ranking.Origin.PLAIN)
    assert trees_in_use() is None
    choose_origin(Ranking.Origin.SHIPPED)
    assert trees_in_use() is shipped()
    choose(learned, by_hand=True)
    assert chosen() == learned


def test_automatic_begins_with_the_newest_winner(learned: Ranking) -> None:
    Ranking.objects.create(origin=Ranking.Origin.LEARNED, figures={"won": False})
    choose_origin(Ranking.Origin.PLAIN)
    assert choose_automatically() == learned
    learned.refresh_from_db()
    assert not learned.by_hand
    Ranking.objects.all().delete()
    assert choose_automatically().origin == Ranking.Origin.SHIPPED


@pytest.mark.parametrize("damage", ["empty", "cut", "no-model", "other-features"])
def test_a_broken_ranking_is_not_used(
    learned: Ranking, trees: Trees, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = trees.to_json()
    other = json.loads(text)
    other["learner"]["feature_names"] = [f"f{n}" for n in range(len(NAMES))]
    broken = {
        "empty": "",
        "cut": text[:-40],
        "no-model": "[1]",
        "other-features": json.dumps(other),
    }
    with pytest.raises(RankingUnusable):
        Trees.from_json(broken[damage])
    learned.trees = broken[damage]
    learned.save()
    choose(learned, by_hand=False)
    choice._learned.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert trees_in_use() is shipped()
    assert f"ranking={learned.pk} is not used" in caplog.text


def test_the_shipped_ranking_fits_this_version() -> None:
    model = shipped()
    assert model is not None
    assert set(model.gains()) <= set(NAMES)
