"""A hunk finds its place by its lines; where several fit, it finds none."""

from __future__ import annotations

import time

import pytest

from appliance.conversations.answering.fixing.anchoring import Misplaced, place_hunks
from appliance.conversations.answering.fixing.diff_blocks import Hunk, Line
from appliance.conversations.answering.fixing.unified import applied
from indexer.spans import Span

DOCUMENT = [
    "def add(cart):",
    "    if cart.full:",
    "        return None",
    "    cart.total += 1",
    "    return cart",
    "",
    "def drop(cart):",
    "    if cart.empty:",
    "        return None",
    "    cart.total -= 1",
    "    return cart",
]


def hunk(text: str, hint: int = 0) -> Hunk:
    return Hunk(tuple(Line(line[:1], line[1:]) for line in text.split("\n")), hint)


def after(text: str, hint: int = 0, meant: tuple[Span, ...] = ()) -> list[str]:
    return applied(DOCUMENT, place_hunks([hunk(text, hint)], DOCUMENT, meant))


def changed(number: int, line: str) -> list[str]:
    return [*DOCUMENT[: number - 1], line, *DOCUMENT[number:]]


@pytest.mark.parametrize(
    "text",
    [
        "     if cart.full:\n         return None\n-    cart.total += 1\n+    cart.total += 2",
        "     if cart.full:  \n         return None\n-    cart.total += 1\t\n+    cart.total += 2",
        " if cart.full:\n     return None\n-cart.total += 1\n+cart.total += 2",
        "         if cart.full:\n             return None\n-        cart.total += 1\n+        cart.total += 2",
        " wrong context\n-    cart.total += 1\n+    cart.total += 2\n     return cart",
        " a\n b\n c\n-    cart.total += 1\n+    cart.total += 2\n d",
        "-    cart.total+=1\n+    cart.total += 2",
    ],
)
def test_one_place_is_found_however_it_is_written(text: str) -> None:
    assert after(text) == changed(4, "    cart.total += 2")


def test_a_lost_blank_of_unchanged_lines_moves_no_added_line() -> None:
    text = "    if cart.full:\n+        log(cart)\n        return None\n   cart.total += 1"
    assert after(text) == [*DOCUMENT[:2], "        log(cart)", *DOCUMENT[2:]]


@pytest.mark.parametrize(
    ("hint", "meant", "line"),
    [(3, (), 3), (9, (), 9), (10, (), 9), (0, (Span(7, 11),), 9), (0, (Span(1, 5),), 3)],
)
def test_of_several_places_the_one_that_was_meant_is_taken(
    hint: int, meant: tuple[Span, ...], line: int
) -> None:
    text = "-        return None\n+        return cart"
    assert after(text, hint, meant) == changed(line, "        return cart")


@pytest.mark.parametrize(("hint", "meant"), [(0, ()), (6, ()), (500, ()), (0, (Span(1, 11),))])
def test_of_several_places_without_a_reason_none_is_taken(
    hint: int, meant: tuple[Span, ...]
) -> None:
    with pytest.raises(Misplaced, match="2 places"):
        after("-        return None\n+        return cart", hint, meant)


@pytest.mark.parametrize(
    "text",
    ["-    cart.total *= 1\n+    cart.total += 2", "+only new", " cart\n-nothing\n+of it", "-\n+x"],
)
def test_lines_that_are_nowhere_have_no_place(text: str) -> None:
    with pytest.raises(Misplaced):
        after(text)


def test_a_hunk_of_very_many_lines_is_refused() -> None:
    with pytest.raises(Misplaced, match="more than"):
        place_hunks([Hunk(tuple(Line("-", "x") for _ in range(3000)))], ["x"] * 5000)


def test_many_hunks_of_a_long_file_cost_moments() -> None:
    """Each is found by the loosest comparison alone."""
    document = [f"    value_{n} = call({n}, {n * 7})" for n in range(50_000)]
    lines = (Line(" ", "nothing"), Line("-", "value_77 =  call(77,  539)"), Line("+", "y"))
    started = time.thread_time()
    assert {one.start for one in place_hunks([Hunk(lines)] * 50, document)} == {77}
    assert time.thread_time() - started < 5.0
