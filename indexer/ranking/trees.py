"""The learned part: gradient-boosted trees that order documents (LambdaMART, by XGBoost).

They correct the score of the fixed weights, from which boosting begins: where the examples say
nothing, the fixed weights stand. Features that can only speak for a document are held to that (monotone constraints): what was
learned on one kind of question then cannot turn against another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import xgboost
from numpy.typing import NDArray

from indexer.errors import IndexerError
from indexer.ranking.features import DIRECTIONS, NAMES, Matrix

SHIPPED = Path(__file__).with_name("shipped.json")
ROUNDS = 150
PRIOR = 4.0  # of the fixed weights' score, as log-odds: chosen in docs/experiments.md
FUSED = NAMES.index("fused")
PARAMETERS = {
    "objective": "rank:ndcg",
    "lambdarank_pair_method": "mean",
    "lambdarank_num_pair_per_sample": 8,
    "ndcg_exp_gain": False,
    "eta": 0.06,
    "max_depth": 4,
    "min_child_weight": 4.0,
    "subsample": 0.8,
    "colsample_bynode": 0.6,
    "lambda": 2.0,
    "tree_method": "hist",
    "seed": 7,
    "monotone_constraints": tuple(DIRECTIONS.values()),
}


class RankingUnusable(IndexerError):
    """A stored ranking does not fit this version's features."""


class Trees:
    """A fitted model; `scores` are comparable within one question only."""

    def __init__(self, booster: xgboost.Booster) -> None:
        self._booster = booster

    @classmethod
    def fit(cls, rows: Matrix, labels: NDArray[np.float32], sizes: Sequence[int]) -> Trees:
        """Learn from the rows of many questions, one after the other, `sizes` rows each."""
        data = xgboost.DMatrix(
            rows, label=labels, base_margin=_prior(rows), feature_names=list(NAMES)
        )
        data.set_group(list(sizes))
        return cls(xgboost.train(PARAMETERS, data, num_boost_round=ROUNDS))

    @classmethod
    def from_json(cls, text: str) -> Trees:
        """Raise RankingUnusable when the text is not such a model, or one of other features."""
        if _features_in(text) != list(NAMES):
            raise RankingUnusable("The ranking is damaged or of another version; learn it again.")
        booster = xgboost.Booster({"nthread": 1})
        try:
            booster.load_model(bytearray(text, "utf-8"))
        except xgboost.core.XGBoostError as exc:
            raise RankingUnusable("The ranking cannot be read; learn it again.") from exc
        return cls(booster)

    def to_json(self) -> str:
        return self._booster.save_raw("json").decode()

    def scores(self, rows: Matrix) -> NDArray[np.float32]:
        """Return one score per row; shape (n,)."""
        scores = self._booster.inplace_predict(
            rows, predict_type="margin", base_margin=_prior(rows)
        )
        return np.asarray(scores)

    def gains(self) -> dict[str, float]:
        """Return how much each feature decides, as shares of 1, the largest first."""
        gains = self._booster.get_score(importance_type="total_gain")
        total = sum(map(float, gains.values())) or 1.0  # type: ignore[arg-type]
        shares = {name: float(gain) / total for name, gain in gains.items()}  # type: ignore[arg-type]
        return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _prior(rows: Matrix) -> NDArray[np.float32]:
    return PRIOR * rows[:, FUSED]


def _features_in(text: str) -> object:
    """Return the names of a model's features: XGBoost itself ends the process on some damage."""
    try:
        return json.loads(text)["learner"]["feature_names"]
    except (ValueError, LookupError, TypeError):
        return None


@lru_cache(maxsize=1)
def shipped() -> Trees | None:
    """Return the model that comes with the product."""
    return Trees.from_json(SHIPPED.read_text(encoding="utf-8")) if SHIPPED.is_file() else None
