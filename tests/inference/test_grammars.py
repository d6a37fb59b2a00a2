"""Grammars: well-formed whatever the openings hold. That vLLM follows them: test_small_model.py."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.grammars import opened_lines


def test_each_line_begins_with_an_opening() -> None:
    assert opened_lines(["`main` in a.py [E1]", "`f` in b.py [E2]"], max_lines=2).split("\n") == [
        'root ::= line ("\\n" line)?',
        'line ::= opening " " [^\\[\\]\\n]+',
        'opening ::= "`f` in b.py [E2]" | "`main` in a.py [E1]"',
    ]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_openings_of_any_text_stay_literals(openings: list[str]) -> None:
    grammar = opened_lines(openings)
    lines = grammar.split("\n")
    assert len(lines) == 3
    decoder, rest = json.JSONDecoder(), lines[2].removeprefix("opening ::= ")
    while rest:
        literal, end = decoder.raw_decode(rest)
        assert literal.isprintable()
        rest = rest[end:].removeprefix(" | ")


@pytest.mark.parametrize(("openings", "lines"), [([], 1), (["a"], 0)])
def test_a_grammar_that_allows_nothing_is_refused(openings: list[str], lines: int) -> None:
    with pytest.raises(ValueError, match="needs an opening"):
        opened_lines(openings, max_lines=lines)
