"""The evidence ledger: what is kept, under which number, and what goes into the prompt."""

from __future__ import annotations

import itertools
import json

import pytest

from appliance.conversations.answering.pairing.ledger import MAX_LINES, MOST_ENTRIES, Ledger
from appliance.conversations.answering.steps import FoundLines, Kind, Step
from indexer.spans import Span


def found(
    first: int, last: int, *, score: float = 0.5, path: str = "a.py", **fields: object
) -> FoundLines:
    return FoundLines(1, "shop", path, "c" * 40, 7, Span(first, last), score, **fields)  # type: ignore[arg-type]


def spans(ledger: Ledger) -> list[tuple[int, int]]:
    return [(one.span.start_line, one.span.end_line) for one in ledger.merged()]


def test_a_place_that_is_found_again_keeps_its_number_and_gains() -> None:
    ledger = Ledger().with_found([found(1, 9), found(20, 30)], 1).with_found([found(3, 5)], 2)
    assert [entry.number for entry in ledger.entries] == [1, 2]
    assert [entry.lines.score for entry in ledger.entries] == [0.6, 0.5]
    assert ledger.entries[0].lines.span == Span(1, 9)


def test_the_same_lines_of_another_file_are_another_place() -> None:
    ledger = Ledger().with_found([found(1, 9), found(1, 9, path="b.py")], 1)
    assert len(ledger.entries) == 2


def test_the_weakest_and_oldest_yield_and_numbers_stay() -> None:
    weak = [found(10 * n + 1, 10 * n + 2, score=0.1) for n in range(MOST_ENTRIES)]
    ledger = Ledger().with_found(weak, 1)
    ledger = ledger.with_found([found(5000, 5001, score=0.1)], 2)
    assert len(ledger.entries) == MOST_ENTRIES
    assert ledger.entries[-1].number == MOST_ENTRIES + 1
    assert MOST_ENTRIES not in [entry.number for entry in ledger.entries]


def test_overlapping_places_of_a_file_become_one() -> None:
    ledger = Ledger().with_found([found(1, 20), found(15, 40, score=0.9)], 1)
    assert spans(ledger) == [(1, 40)]


def test_places_too_long_to_be_one_share_no_line() -> None:
    ledger = Ledger().with_found([found(1, 100, score=0.9), found(90, 90 + MAX_LINES)], 1)
    assert spans(ledger) == [(1, 100), (101, 90 + MAX_LINES)]


@pytest.mark.parametrize("scores", list(itertools.permutations([0.9, 0.5, 0.3, 0.2])))
def test_no_line_stands_in_two_places_in_whatever_order_they_come(
    scores: tuple[float, ...],
) -> None:
    places = [(1, 100), (60, 180), (90, 110), (150, 260)]
    several = [found(*at, score=score) for at, score in zip(places, scores, strict=True)]
    shown = Ledger().with_found(several, 1).merged()
    lines = [n for one in shown for n in range(one.span.start_line, one.span.end_line + 1)]
    assert len(lines) == len(set(lines))
    assert all(one.core is None or one.span.contains(one.core) for one in shown)


@pytest.mark.parametrize("name", ["P2", "p2", "[P2]", "P2 ", "P2 shop/a.py lines 20-30"])
def test_a_number_names_its_entry(name: str) -> None:
    ledger = Ledger().with_found([found(1, 9), found(20, 30)], 1)
    entry = ledger.named(name)
    assert entry is not None
    assert entry.lines.span == Span(20, 30)


@pytest.mark.parametrize("name", ["P9", "E2", "2", "shop/P2.py", "P2.py", "", "P99999"])
def test_anything_else_names_none(name: str) -> None:
    assert Ledger().with_found([found(1, 9), found(20, 30)], 1).named(name) is None


def test_a_step_comes_back_as_it_was_stored() -> None:
    lines = found(1, 9, symbol="add", note="def add():", core=Span(2, 3), legs=("read",))
    step = Step(2, Kind.READ, "Read", "1 passage", ((1, "a.py"),), False, 0.5, "read a", (lines,))
    assert Step.from_json(json.loads(json.dumps(step.to_json()))) == step
    assert set(step.shown()) == {
        "number", "kind", "title", "detail", "places", "is_running", "seconds",
    }  # fmt: skip
