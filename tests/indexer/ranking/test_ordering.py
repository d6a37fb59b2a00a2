"""The final order: what was learned corrects the fixed weights, for questions less."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.ranking.features import Matrix
from indexer.ranking.ordering import PRIOR_WHEN_ASKED, TRUST_WHEN_ASKED, ordered
from indexer.ranking.trees import FUSED, PRIOR, Trees
from indexer.retrieval.fusion import fuse
from indexer.retrieval.gathering import Pools
from indexer.retrieval.queries import Candidate, VisibleDocument


class Correcting(Trees):
    """Stands for trees that correct the second document's fixed score by so much."""

    def __init__(self, correction: float) -> None:
        self.correction = correction

    def scores(self, rows: Matrix) -> NDArray[np.float32]:
        corrections = np.array([0, self.correction], dtype=np.float32)
        return np.asarray(PRIOR * rows[:, FUSED] + corrections)


def first_path(query: str, correction: float) -> str:
    """Return which of two documents comes first: by fixed weights `a.py`, by 0.2."""
    documents = [
        VisibleDocument(number, 1, "shop", path, "source", number, "0" * 40)
        for number, path in enumerate(("a.py", "b.py"))
    ]
    lexical = [Candidate(0, 0, 10.0), Candidate(1, 1, 8.0)]
    pools = Pools(query, {}, lexical, (), (), (), (), documents)
    best, _ = ordered(pools, fuse(pools), Correcting(correction))
    assert 0 < best.score < 1
    return best.document.path


@pytest.mark.parametrize(("correction", "first"), [(0.19 * PRIOR, "a.py"), (0.21 * PRIOR, "b.py")])
def test_a_description_is_ordered_by_all_that_was_learned(correction: float, first: str) -> None:
    assert first_path("Round the total", correction) == first


@pytest.mark.parametrize(
    ("correction", "first"),
    [
        (0.19 * PRIOR_WHEN_ASKED / TRUST_WHEN_ASKED, "a.py"),
        (0.21 * PRIOR_WHEN_ASKED / TRUST_WHEN_ASKED, "b.py"),
    ],
)
def test_a_question_takes_less_of_it(correction: float, first: str) -> None:
    assert first_path("Where is the total rounded?", correction) == first
