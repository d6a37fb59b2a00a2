"""Puts found documents into their final order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indexer.ranking.features import features_of
from indexer.ranking.trees import PRIOR, Trees
from indexer.retrieval.fusion import RankedDocument
from indexer.retrieval.gathering import Pools


def ordered(
    pools: Pools, fused: Sequence[RankedDocument], trees: Trees | None
) -> list[RankedDocument]:
    """Return the documents, best first, with scores between 0 and 1."""
    if trees is None or not fused:
        return list(fused)
    scores = trees.scores(features_of(pools, fused))
    shown = 1.0 / (1.0 + np.exp(PRIOR / 2 - scores.astype(np.float64)))
    order = np.argsort(-scores, kind="stable")
    return [replace(fused[place], score=float(shown[place])) for place in order]
