"""Everything that reads text from outside, with texts that nobody would write.

Each target is run on its corpus, on texts cut and mixed from it, and on texts from nowhere. CI tries a
few hundred of each; `pytest -m slow tests/fuzzing` as many thousands.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.targets import CORPUS, TARGETS, Target

FEW, MANY = 60, 20_000
IDS = [target.name for target in TARGETS]
ODD = [
    "\0", "\ufeff", "\u202e", "\U000e0041", "\ud800", "\r\n", "\\", '"', "'", "`", "```", "[", "](", "<",
    "&#x6a;", "//", "javascript:", "data:", "(" * 50, "[" * 50, "{" * 50, "*" * 50, "[E1]", "9" * 40,
    "not " * 30, " and ", " or ", "refs/heads/", "=", ",", "+", "null", "true", "1e999", "{}", "[]",
]  # fmt: skip


@st.composite
def texts(draw: st.DrawFn, target: Target) -> str:
    """Draw a text of the corpus with pieces cut out, doubled, moved or put in."""
    text = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(text)))
        to = draw(st.integers(at, min(len(text), at + 30)))
        piece = draw(st.sampled_from(["", text[at:to] * 2, *ODD]) | st.text(max_size=8))
        text = text[:at] + piece + text[draw(st.sampled_from([at, to])) :]
    return text


def inputs(target: Target) -> st.SearchStrategy[str]:
    any_text = st.text(st.characters(codec=None), max_size=200)
    pieces = st.lists(st.sampled_from(ODD) | st.text(max_size=5), max_size=20).map("".join)
    return st.one_of(texts(target), texts(target), pieces, any_text)


def fuzz(target: Target, count: int) -> None:
    @settings(
        max_examples=count,
        deadline=2000,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(target))
    def look(text: str) -> None:
        target.look(text)

    look()


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(IDS)
    assert all(target.seeds for target in TARGETS)


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_what_once_broke_something_breaks_nothing_now(target: Target) -> None:
    for text in target.seeds:
        target.look(text)


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_no_text_gets_past_what_may_be_refused(target: Target) -> None:
    fuzz(target, FEW)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_no_text_of_many_gets_past_what_may_be_refused(target: Target) -> None:
    fuzz(target, MANY)
