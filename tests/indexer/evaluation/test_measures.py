"""Our measures against those of ir_measures, on rankings that hypothesis makes."""

from __future__ import annotations

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success

from indexer.evaluation.measures import mean, recall_at, reciprocal_rank_at, success_at_1

FILES = [f"file{number}.py" for number in range(40)]
RANKINGS = st.lists(st.sampled_from(FILES), max_size=30, unique=True)
GOLD = st.lists(st.sampled_from(FILES), min_size=1, max_size=6, unique=True)


def reference(ranking: list[str], gold: list[str]) -> dict[str, float]:
    measures = [Success @ 1, R @ 5, R @ 10, RR @ 20]
    qrels = [ir_measures.Qrel("q", path, 1) for path in gold]
    # A question without hits must count as 0, not as no question: one hit that is never gold.
    run = [
        ir_measures.ScoredDoc("q", path, float(-rank))
        for rank, path in enumerate([*ranking, "never gold"])
    ]
    found = ir_measures.calc_aggregate(measures, qrels, run)
    return {str(measure): value for measure, value in found.items()}


@given(RANKINGS, GOLD)
def test_the_measures_are_the_usual_ones(ranking: list[str], gold: list[str]) -> None:
    expected = reference(ranking, gold)
    assert success_at_1(ranking, gold) == pytest.approx(expected["Success@1"])
    assert recall_at(ranking, gold, 5) == pytest.approx(expected["R@5"])
    assert recall_at(ranking, gold, 10) == pytest.approx(expected["R@10"])
    assert reciprocal_rank_at(ranking, gold, 20) == pytest.approx(expected["RR@20"])


def test_the_mean_of_nothing_is_0() -> None:
    assert mean([]) == 0.0
