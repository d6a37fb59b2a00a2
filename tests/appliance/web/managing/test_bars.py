"""Bars stand on each other, on a scale that people can halve in their heads."""

from __future__ import annotations

import pytest

from appliance.web.managing.bars import BAD, HEIGHT, PLAIN, Series, bars_of


def test_no_drawing_of_nothing() -> None:
    assert bars_of("Questions", ["a", "b"], [Series("answered", PLAIN, [0, 0])]) is None


def test_parts_of_a_day_stand_on_each_other() -> None:
    drawn = bars_of(
        "Questions",
        ["mon", "tue"],
        [Series("answered", PLAIN, [6, 0]), Series("failed", BAD, [3, 1])],
    )
    assert drawn is not None
    low, high, alone = drawn.bars
    assert (low.label, high.label, alone.label) == (
        "mon: 6 answered",
        "mon: 3 failed",
        "tue: 1 failed",
    )
    assert high.y + high.height == pytest.approx(low.y, abs=0.2)
    assert low.y + low.height == pytest.approx(alone.y + alone.height, abs=0.2)
    assert low.height == pytest.approx(2 * high.height, abs=0.2)
    assert max(bar.y + bar.height for bar in drawn.bars) < HEIGHT
    assert drawn.description == "2 days: 6 answered, 4 failed."


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (1, "2"),
        (3, "4"),
        (5, "6"),
        (10, "10"),
        (11, "20"),
        (99, "100"),
        (501, "600"),
        (801, "1000"),
    ],
)
def test_the_scale_ends_at_a_round_number(most: int, top: str) -> None:
    drawn = bars_of("Questions", ["a"], [Series("answered", PLAIN, [most])])
    assert drawn is not None
    assert [rule.label for rule in drawn.rules][-1] == top
