"""What two measurements come to, and which losses keep a model from being promoted."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from inference.quantization.comparison.judging import compare, first_difference, perplexity
from inference.quantization.comparison.report import lines_of, write_report
from inference.quantization.comparison.values import Bars, Comparison, Measured, Reading

EXPECTED = tuple(range(100))
BEFORE = Measured(
    readings={"own": [Reading(100.0, EXPECTED)], "general": [Reading(200.0, EXPECTED)]},
    answers=[(1, 2, 3, 4), (5, 6, 7, 8)],
    passed={f"HumanEval/{number}": number < 10 for number in range(20)},
    tokens_per_s=10.0,
    weight_bytes=1000,
)


def comparison(after: Measured, bars: Bars | None = None) -> Comparison:
    return compare(BEFORE, after, bars=bars or Bars(), how="fakes")


def read(loss: float, expected: tuple[int, ...] = EXPECTED) -> Measured:
    return replace(BEFORE, readings={**BEFORE.readings, "own": [Reading(loss, expected)]})


def passed(*numbers: int) -> Measured:
    return replace(BEFORE, passed={name: int(name[10:]) in numbers for name in BEFORE.passed})


def test_an_equal_model_is_promoted() -> None:
    same = comparison(BEFORE)
    assert same.promoted
    assert (same.expected_agreement, same.answers_equal, same.first_difference) == (1.0, 2, None)
    assert same.perplexity["own"].before == pytest.approx(math.e)


@pytest.mark.parametrize(
    ("loss", "refused"), [(105.0, False), (106.0, True), (math.nan, True), (1e9, True)]
)
def test_perplexity_may_rise_by_six_percent(loss: float, refused: bool) -> None:
    assert comparison(read(loss)).promoted is not refused


def test_each_part_has_to_hold() -> None:
    (reason,) = comparison(read(110.0)).refused
    assert reason == "perplexity on the company's own code rose by 10.5%; the bar is 6.0%"


@pytest.mark.parametrize(("others", "refused"), [(19, False), (21, True)])
def test_both_models_must_expect_the_same_word(others: int, refused: bool) -> None:
    changed = tuple(-1 for _ in range(others)) + EXPECTED[others:]
    found = comparison(read(100.0, changed))
    assert found.expected_agreement == pytest.approx(1 - others / 200)
    assert found.promoted is not refused


def test_problems_that_are_lost_count_against_those_gained() -> None:
    found = comparison(passed(*range(1, 10), 15))
    assert (found.lost, found.gained) == (["HumanEval/0"], ["HumanEval/15"])
    assert found.promoted
    assert not comparison(passed(*range(2, 10))).promoted
    assert comparison(passed(*range(2, 10)), Bars(passed_loss=0.2)).promoted


def test_without_human_eval_the_rest_decides() -> None:
    none = replace(BEFORE, passed={})
    assert compare(none, none, bars=Bars(), how="").promoted


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1,), (1, 2), 1), ((), (), None)],
)
def test_the_first_difference(
    before: tuple[int, ...], after: tuple[int, ...], place: int | None
) -> None:
    assert first_difference(before, after) == place


def test_answers_are_compared_place_by_place() -> None:
    found = comparison(replace(BEFORE, answers=[(1, 2, 3, 4), (5, 0)]))
    assert (found.answers_equal, found.answer_agreement, found.first_difference) == (1, 5 / 8, 1)


def test_perplexity_of_nonsense_is_infinite() -> None:
    assert perplexity([Reading(1e6, (1,))]) == math.inf


def test_the_report_is_for_programs_and_for_people(tmp_path: Path) -> None:
    found = comparison(read(110.0))
    write_report(tmp_path, found, before="big", after="small")
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["promoted"] is False
    assert told["perplexity"]["own"]["after"] == pytest.approx(math.exp(1.1))
    text = (tmp_path / "report.md").read_text()
    assert "**Not promoted:**\n- perplexity on the company's own code rose by 10.5%" in text
    assert "| HumanEval pass@1, 20 problems | 50.0% | 50.0% | +0.0 points |" in text


def test_a_promoted_model_is_called_so() -> None:
    assert "**Promoted.**" in list(lines_of(comparison(BEFORE), before="big", after="small"))
