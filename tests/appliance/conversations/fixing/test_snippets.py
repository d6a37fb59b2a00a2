"""Pasted code is found: exactly, with other white space, and where most of it stands."""

from __future__ import annotations

import time

from appliance.conversations.answering.fixing.snippets import (
    Snippet,
    find_snippet,
    snippets_in,
    without_snippets,
)

DOCUMENT = [
    "def add(cart, item):",
    "    if cart.full():",
    "        raise CartFull(item)",
    "    cart.append(item)",
    "    return cart",
    "",
    "def drop(cart, item):",
    "    cart.remove(item)",
    "    return cart",
]


def found(*lines: str) -> tuple[int, int, bool] | None:
    matches = find_snippet(Snippet(lines), DOCUMENT)
    if not matches:
        return None
    (match,) = matches
    return match.span.start_line, match.span.end_line, match.share == 1.0


def test_a_snippet_is_found_whatever_its_indentation() -> None:
    assert found("if cart.full():", "\traise CartFull( item )", "") == (2, 3, True)


def test_what_stands_twice_is_found_twice() -> None:
    twice = [*DOCUMENT, "", *DOCUMENT, "", *DOCUMENT[:5]]
    lines = tuple(DOCUMENT[:5])
    assert [match.span.start_line for match in find_snippet(Snippet(lines), twice)] == [1, 11, 21]
    assert [match.span.start_line for match in find_snippet(Snippet(("x", *lines)), twice)] == [1, 11, 21]  # fmt: skip
    many = find_snippet(Snippet(lines), DOCUMENT * 20)
    assert (len(many), {match.share for match in many}) == (4, {1.0})


def test_of_lines_that_stand_twice_the_others_tell_which() -> None:
    assert found("    cart.remove(item)", "    return cart") == (8, 9, True)


def test_a_snippet_with_a_changed_line_is_found_by_the_rest() -> None:
    lines = ("def add(cart, item):", "    if cart.is_full():", "        raise CartFull(item)")
    assert found(*lines) == (1, 3, False)


def test_a_snippet_with_a_line_more_is_found() -> None:
    lines = ("    if cart.full():", "        log()", "        raise CartFull(item)", "    cart.append(item)")  # fmt: skip
    assert found(*lines) == (2, 4, False)


def test_other_code_is_not_found() -> None:
    assert found("import os", "os.remove(path)", "    return cart") is None


def test_fenced_blocks_are_taken_and_the_words_around_them_kept() -> None:
    text = "Why?\n```python\na = 1\nb = 2\n```\nThanks"
    assert snippets_in(text) == [Snippet(("a = 1", "b = 2"))]
    assert without_snippets(text) == "Why?\nThanks"


def test_unfenced_code_is_taken() -> None:
    (snippet,) = snippets_in("It fails here:\n\ndef add(cart):\n    cart.append(1)\n\nWhy is that?")
    assert snippet.lines[:2] == ("def add(cart):", "    cart.append(1)")


def test_a_snippet_of_one_line_many_times_costs_moments() -> None:
    started = time.thread_time()
    find_snippet(Snippet(("x = 1",) * 400), ["x = 1"] * 50_000)
    find_snippet(Snippet(tuple(f"x = {n}" for n in range(400))), ["x = 1"] * 50_000)
    assert time.thread_time() - started < 2.0
