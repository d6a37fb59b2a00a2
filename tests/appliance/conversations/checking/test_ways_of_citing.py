"""However a model writes its markers, its places and its numbers: what is kept, and what is left of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.checking.citations import compile_answer, compile_judged
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.checking.lines import LineFinder
from appliance.conversations.checking.mentions import mentions_in
from appliance.conversations.checking.sentences import Sentence, SentenceReader, sentences_of
from appliance.conversations.checking.support import Verdict
from tests.appliance.conversations.checking.test_support import OFFERED, document_of


def compiled(text: str) -> str:
    return compile_judged(judge_answer(text, OFFERED, document_of)).text


def verdict(text: str) -> Verdict:
    (judgement,) = judge_answer(text, OFFERED, document_of)
    return judgement.verdict


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("`add_item` opens `[E1]`.", "`add_item` opens [E1]."),
        ("`add_item` opens `[E9]`.", "`add_item` opens."),
        ("`add_item`[E1]`cart` is.", "`add_item`[E1]`cart` is."),
        ("`add_item` (see [E1], [E9]) opens.", "`add_item` (see [E1]) opens."),
        ("`add_item` (see [E9], [E1]) opens.", "`add_item` (see [E1]) opens."),
        ("`add_item` ([E9]) opens.", "`add_item` opens."),
        ("`add_item` ([E1]) opens.", "`add_item` ([E1]) opens."),
        ("`add_item` [E1] and [E9] go.", "`add_item` [E1] go."),
        ("`add_item` [E9] and [E1] go.", "`add_item` [E1] go."),
        ("`add_item` [E9], [E8] and [E7].", "`add_item`."),
        ("`add_item` \u3010E1\u3011 opens.", "`add_item` [E1] opens."),
        ("`add_item` \u3010E9\u3011 opens.", "`add_item` opens."),
        ("`add_item` adds [E1], and `connect` connects [E2].", "`add_item` adds [E1], and `connect` connects [E2]."),
    ],
)  # fmt: skip
def test_what_is_struck_leaves_no_gap(text: str, left: str) -> None:
    assert compiled(text) == left
    if "[E9]" not in text or "[E1]" in text:  # while it streams the same rules hold
        assert compile_answer(text, OFFERED).text == left


def test_lines_are_asked_for_in_every_notation() -> None:
    (judgement,) = judge_answer("`add_item` opens \u3010E1\u2020L7-L9\u3011.", OFFERED, document_of)
    ((piece,),) = (one.pieces for one in judgement.citations)
    assert (piece.span.start_line, piece.span.end_line) == (7, 9)


@pytest.mark.parametrize(
    "text",
    [
        "See `shop/cart.py:12` for `add_item` [E1].",
        "See shop/cart.py:12:5 for `add_item` [E1].",
        "See `shop/cart.py#L12-L31` for `add_item` [E1].",
        "`add_item` stands in lines 12, 15 and 20 to 31 [E1].",
        "`add_item` steht in Zeile 12 und in den Zeilen 20 bis 31 [E1].",
        "`add_item` est aux lignes 12 et 31 [E1].",
    ],
)
def test_numbers_of_lines_are_no_claims_about_the_code(text: str) -> None:
    assert verdict(text) is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "text",
    [
        "`add_item` has been there since v1.2.3 [E1].",
        "`add_item` meldet \u201eder Wagen ist voll\u201c [E1].",
        "`add_item` dit \u00ab le panier est plein \u00bb [E1].",
        "`add_item` has 12 lines and 30 retries [E1].",
    ],
)
def test_versions_and_words_in_any_quotes_must_stand_there(text: str) -> None:
    assert verdict(text) is Verdict.UNSUPPORTED


def test_a_version_is_found_with_and_without_its_letter() -> None:
    (mention,) = mentions_in(Sentence(0, "It needs v2.0.3."))
    assert LineFinder('VERSION = "2.0.3"').lines_with(mention) == [1]
    assert LineFinder("since v2.0.3").lines_with(mention) == [1]
    assert LineFinder("since v2.0.31").lines_with(mention) == []


DIFF = "```diff\n--- a/guide.md\n+++ b/guide.md\n@@\n ```\n-run\n+start\n ```\n```\nDone.\n"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_a_diff_of_a_text_with_fences_is_one_block_in_any_pieces(sizes: list[int]) -> None:
    reader = SentenceReader()
    found: list[Sentence] = []
    at = 0
    for size in sizes:
        found += reader.feed(DIFF[at : at + size])
        at += size
    found += [*reader.feed(DIFF[at:]), *reader.finish()]
    assert found == sentences_of(DIFF)
    assert [one.is_code for one in found] == [True, False]
