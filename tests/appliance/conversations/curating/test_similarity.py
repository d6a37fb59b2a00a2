"""When two questions ask the same: the figures that the threshold was chosen by."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.conversations.curating.similarity import ALIKE, alikeness
from indexer import clients
from indexer.succession import wanted_recipe

ENTRIES = Path(__file__).parents[4] / "golden" / "asked-again.jsonl"
Alike = Callable[[str, str], bool]


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in ENTRIES.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def alike() -> Alike:
    embedder = clients.embedder(wanted_recipe())
    kept: dict[str, list[float]] = {}

    def vector(question: str) -> list[float]:
        return kept.setdefault(question, embedder.embed_query(question))

    def are_alike(asked: str, known: str) -> bool:
        return alikeness(asked, known, (vector(asked), vector(known))) >= ALIKE

    return are_alike


def test_a_question_in_almost_the_same_words_is_known_again(
    entries: list[dict[str, Any]], alike: Alike
) -> None:
    known = [alike(one["same"][0], one["query"]) for one in entries]
    assert sum(known) >= 0.95 * len(entries)


def test_few_questions_that_sound_alike_are_taken_for_the_same(
    entries: list[dict[str, Any]], alike: Alike
) -> None:
    pairs = [(other, one["query"]) for one in entries for other in one["other"]]
    assert len(pairs) >= 20
    assert sum(alike(*pair) for pair in pairs) <= 0.15 * len(pairs)


def test_different_questions_are_never_taken_for_the_same(
    entries: list[dict[str, Any]], alike: Alike
) -> None:
    wrong = [
        (asked, known["query"])
        for one in entries
        for asked in one["same"]
        for known in entries
        if known is not one and alike(asked, known["query"])
    ]
    assert wrong == []


def test_without_vectors_the_words_decide() -> None:
    known = "Where is the retry limit of the gauge client set?"
    assert alikeness("where is the gauge client's retry limit set", known, None) >= ALIKE
    assert alikeness("where is the tide table printed", known, None) < ALIKE
    assert alikeness("how?", "why?", None) == 0.0


def test_questions_that_name_other_code_are_never_alike() -> None:
    one, other = "What does add_item() return?", "What does drop_item() return?"
    assert alikeness(one, other, ([1.0], [1.0])) == 0.0
    assert alikeness(one, one, ([1.0], [1.0])) == 1.0
