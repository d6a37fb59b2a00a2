"""Sentences of an answer, whole and while it is written: cut the same way, nothing lost."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.conversations.checking.markers import MARKER
from appliance.conversations.checking.sentences import (
    LONGEST,
    Sentence,
    SentenceReader,
    sentences_of,
)


def texts(answer: str) -> list[str]:
    return [sentence.text for sentence in sentences_of(answer)]


@pytest.mark.parametrize(
    ("answer", "cut"),
    [
        ("One. Two.", ["One. ", "Two."]),
        ("One [E1]. Two [E2].", ["One [E1]. ", "Two [E2]."]),
        ("One. [E1] Two. [E2]", ["One. [E1] ", "Two. [E2]"]),
        ("One.[E1][E2] Two.", ["One.[E1][E2] ", "Two."]),
        ("One.\n[E1]\nTwo.", ["One.\n[E1]\n", "Two."]),
        ("- one [E1]\n- two [E2]\n", ["- one [E1]\n", "- two [E2]\n"]),
        ("[E1] begins\n[E2] too", ["[E1] begins\n", "[E2] too"]),
        ("1. First. 2. Second.", ["1. First. ", "2. Second."]),
        ("Use e.g. this, i.e. that. So.", ["Use e.g. this, i.e. that. ", "So."]),
        ("Call `a. b` now. Yes.", ["Call `a. b` now. ", "Yes."]),
        ("In cart.py it is. So.", ["In cart.py it is. ", "So."]),
        ("Really?! Yes.", ["Really?! ", "Yes."]),
        ('He said "no." Then left.', ['He said "no." ', "Then left."]),
        ("\u4e00\u3002\u4e8c\u3002", ["\u4e00\u3002", "\u4e8c\u3002"]),
        ("| a [E1] |\n| b [E2] |", ["| a [E1] |\n", "| b [E2] |"]),
    ],
)
def test_an_answer_is_cut_where_a_reader_would(answer: str, cut: list[str]) -> None:
    assert texts(answer) == cut


def test_a_block_of_code_is_one_sentence_with_the_marker_behind_it() -> None:
    answer = "So:\n```python\nx = 1. + 2\n\n# [E1]\n```\n[E2]\nDone."
    assert [(s.text, s.is_code) for s in sentences_of(answer)] == [
        ("So:\n", False),
        ("```python\nx = 1. + 2\n\n# [E1]\n```\n[E2]\n", True),
        ("Done.", False),
    ]


def test_a_block_that_is_never_closed_ends_with_the_answer() -> None:
    (block,) = sentences_of("~~~\nx = 1\ny. z")
    assert block.is_code


def test_a_sentence_is_given_when_nothing_can_change_it_any_more() -> None:
    reader = SentenceReader()
    assert reader.feed("It adds.") == []  # a marker may follow
    assert reader.feed(" [E") == []
    assert reader.feed("1]") == []
    (sentence,) = reader.feed(" Then")
    assert sentence == Sentence(0, "It adds. [E1] ")
    assert reader.finish() == [Sentence(14, "Then")]


FRAGMENTS = st.sampled_from(
    ["[E1]", "[E2", "E1", "]", "[", ".", " ", "\n", "`", "```", "a", "word ", "x. ", "e.g. ", "1. ",
     "~~~\n", "```\n", "!", "\u3002", "[E1, see", "z" * 1500, "[E7" + "y" * 2500, "[E1]" * 600]
)  # fmt: skip
ANSWERS = st.lists(FRAGMENTS, max_size=25).map("".join)


@given(ANSWERS, st.lists(st.integers(0, 200), max_size=12))
def test_an_answer_in_pieces_is_cut_like_the_whole(answer: str, cuts: list[int]) -> None:
    reader = SentenceReader()
    places = sorted({min(cut, len(answer)) for cut in cuts} | {0, len(answer)})
    sentences = []
    for start, end in pairwise(places):
        sentences += reader.feed(answer[start:end])
    sentences += reader.finish()
    assert sentences == sentences_of(answer)


@given(ANSWERS)
@example("!" + "[E1]" * 1500)
def test_sentences_tile_the_answer_and_cut_no_marker(answer: str) -> None:
    sentences = sentences_of(answer)
    assert "".join(one.text for one in sentences) == answer
    markers = [found[0] for found in MARKER.finditer(answer)]
    assert [found[0] for one in sentences for found in MARKER.finditer(one.text)] == markers


def test_a_sentence_without_an_end_is_cut() -> None:
    assert [len(text) for text in texts("word" * 1200)] == [LONGEST, LONGEST, 800]


@pytest.mark.parametrize(
    "answer",
    ["[E1" + " " * 300_000, "[" * 300_000, "[E1]" * 60_000, "." * 300_000, "`" * 300_000,
     "a. " * 60_000, "```\n" * 40_000, "\n" * 300_000, "word " * 60_000, "~" * 300_000 + "\n"],
    ids=["spaces", "brackets", "markers", "stops", "ticks", "short", "fences", "lines", "words", "tildes"],
)  # fmt: skip
def test_hostile_answers_are_cut_in_linear_time(answer: str) -> None:
    started = time.process_time()
    sentences_of(answer)
    assert time.process_time() - started < 15
