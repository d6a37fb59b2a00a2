"""A few words of a message: what was looked for marked, everything else text."""

from __future__ import annotations

import pytest

from appliance.conversations.excerpts import excerpt_of, first_words, marked, plain


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("It is **asked** by `ask()` [E1].", "It is asked by ask()."),
        ("# Title\n\n> quoted\n\n| a | b |", "Title quoted a | b |"),
        ("```python\nx = a * b ** c_d\n```", "python x = a * b c_d"),
        ("hid\u200bden \u202etext", "hidden text"),
        ("", ""),
    ],
)
def test_a_message_becomes_one_plain_line(text: str, line: str) -> None:
    assert plain(text) == line


def test_first_words_are_cut() -> None:
    assert first_words("Short.") == "Short."
    assert len(first_words("word " * 100)) == 92


def test_what_was_looked_for_is_marked_and_the_rest_is_text() -> None:
    assert marked("a<b A<B", ["<b"]) == (("a", False), ("<b", True), (" A", False), ("<B", True))
    assert marked("İstanbul ist", ["ist"])[-1] == ("ist", True)
    assert marked("", ["a"]) == ()


def test_an_excerpt_stands_around_the_first_word() -> None:
    text = f"{'before ' * 30}needle {'after ' * 60}"
    excerpt = excerpt_of(text, ["needle"])
    whole = "".join(piece for piece, _ in excerpt)
    assert ("needle", True) in excerpt
    assert whole.startswith("… before")
    assert whole.endswith(" …")
    assert len(whole) < 150
    assert excerpt_of("needle", ["needle"]) == (("needle", True),)
