"""Grammars: well-formed whatever the openings hold. That vLLM follows them: test_small_model.py."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.grammars import fenced_handles, opened_lines


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


def test_a_fence_allows_the_offered_handles_with_lines_and_no_other() -> None:
    tag = json.loads(fenced_handles(["E10", "E2", "E1", "E2", "E12"]))["format"]
    assert tag["triggers"] == ["[E1", "[E2"]
    patterns = [
        re.compile(re.escape(one["begin"]) + one["content"]["pattern"] + re.escape(one["end"]))
        for one in tag["tags"]
    ]

    def may_be_written(text: str) -> bool:
        return any(pattern.fullmatch(text) for pattern in patterns)

    for written in ("[E1]", "[E2]", "[E10]", "[E2:4]", "[E12:4-9, E10]", "[E2, E2, E10:1-1]"):
        assert may_be_written(written)
    for written in ("[E11]", "[E22]", "[E]", "[E2 and E1]", "[E2, E3]", "[E2:a]", "[E10", "[E123]"):
        assert not may_be_written(written)


def test_a_fence_leaves_other_brackets_alone() -> None:
    triggers = json.loads(fenced_handles(["E1"]))["format"]["triggers"]
    assert not any(text.startswith(t) for t in triggers for text in ("[ERROR]", "[Entity]", "[E]"))


def test_a_fence_needs_a_handle() -> None:
    with pytest.raises(ValueError, match="handle"):
        fenced_handles([])
