"""Puts found documents into their final order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from indexer.ranking.features import Activity, features_of, live_activity
from indexer.ranking.trees import FUSED, PRIOR, Trees
from indexer.retrieval.fusion import RankedDocument
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import VisibleDocument
from indexer.retrieval.roles import is_question

# The trees learn from descriptions of changes: of their corrections, a question takes so much, and
# holds to the fixed weights so much more firmly.
TRUST_WHEN_ASKED = 0.75
PRIOR_WHEN_ASKED = 16.0


def ordered(
    pools: Pools,
    fused: Sequence[RankedDocument],
    trees: Trees | None,
    activity_of: Callable[[VisibleDocument], Activity] = live_activity,
) -> list[RankedDocument]:
    """Return the documents, best first, with scores between 0 and 1."""
    if trees is None or not fused:
        return list(fused)
    rows = features_of(pools, fused, activity_of)
    is_asked = is_question(pools.query)
    prior, trust = (PRIOR_WHEN_ASKED, TRUST_WHEN_ASKED) if is_asked else (PRIOR, 1.0)
    learned = trees.scores(rows) - PRIOR * rows[:, FUSED]
    scores = prior * rows[:, FUSED] + trust * learned
    shown = 1.0 / (1.0 + np.exp(prior / 2 - scores.astype(np.float64)))
    order = np.argsort(-scores, kind="stable")
    return [replace(fused[place], score=float(shown[place])) for place in order]
