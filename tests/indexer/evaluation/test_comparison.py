"""Comparing two ways to search over the same questions."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.evaluation import comparison
from indexer.evaluation.comparison import Comparison, compare, compare_measures


def test_a_clear_gain_is_better_and_the_other_way_round_worse() -> None:
    dice = np.random.default_rng(1)
    before = dice.random(200) * 0.5
    after = before + 0.2
    compared = compare(before, after)
    assert compared.questions == 200
    assert compared.difference == pytest.approx(0.2)
    assert compared.low == pytest.approx(0.2)
    assert (compared.is_better, compared.is_worse) == (True, False)
    back = compare(after, before)
    assert (back.is_better, back.is_worse) == (False, True)


def test_noise_is_neither_better_nor_worse() -> None:
    dice = np.random.default_rng(2)
    compared = compare(dice.random(60).round(), dice.random(60).round())
    assert compared.low < compared.difference < compared.high
    assert (compared.is_better, compared.is_worse) == (False, False)


def test_the_interval_is_that_of_the_paired_differences() -> None:
    """Against the normal approximation of the mean of differences, and not of two means."""
    dice = np.random.default_rng(3)
    before = dice.random(400)
    after = before + dice.normal(0.01, 0.05, 400)
    compared = compare(before, after)
    error = (after - before).std() / 20
    assert compared.high - compared.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_same_values_give_the_same_interval_whatever_fits_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = np.random.default_rng(4)
    before, after = dice.random(50), dice.random(50)
    once = compare(before, after)
    assert compare(before, after) == once
    monkeypatch.setattr(comparison, "AT_ONCE", 500)
    assert compare(before, after) == once


def test_no_questions_and_other_questions() -> None:
    assert compare([], []) == Comparison(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="of 1 and of 2 questions"):
        compare([1.0], [1.0, 0.0])


def test_only_questions_and_measures_that_both_have_are_compared() -> None:
    a = {"1": {"MRR": 1.0, "Span": 1.0}, "2": {"MRR": 0.5}, "3": {"MRR": 0.0}}
    b = {"2": {"MRR": 1.0, "Other": 1.0}, "1": {"MRR": 1.0}, "4": {"MRR": 0.0}}
    compared = compare_measures(a, b)
    assert list(compared) == ["MRR"]
    assert compared["MRR"].questions == 2
    assert compared["MRR"].difference == pytest.approx(0.25)
    assert compared["MRR"].to_json()["a"] == 0.75
