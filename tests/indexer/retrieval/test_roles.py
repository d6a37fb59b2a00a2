"""What is asked decides how much tests and prose count."""

from __future__ import annotations

import pytest

from indexer.reading.roles import DocumentRole
from indexer.retrieval.roles import is_question, role_weights

QUESTIONS = [
    "How is a release published?",
    "where are prefixes joined",
    "The parser and its parent share hooks: which one wins?",
]
DESCRIPTIONS = [
    "Fix the order of headers",
    "Reject whatever the parser cannot read",
    "cart total",
    "",
]


@pytest.mark.parametrize("query", QUESTIONS)
def test_a_question_is_told_by_its_first_word_or_its_mark(query: str) -> None:
    assert is_question(query)


@pytest.mark.parametrize("query", DESCRIPTIONS)
def test_a_description_or_a_few_words_are_no_question(query: str) -> None:
    assert not is_question(query)


@pytest.mark.parametrize("query", QUESTIONS + DESCRIPTIONS)
def test_source_code_counts_in_full_and_nothing_counts_more(query: str) -> None:
    weights = role_weights(query)
    assert set(weights) == set(DocumentRole)
    assert weights[DocumentRole.SOURCE] == 1.0 == max(weights.values())


def test_prose_and_configuration_count_more_for_a_question_than_for_a_description() -> None:
    asked, described = role_weights("How is it built?"), role_weights("Change how it is built")
    for role in (DocumentRole.DOCS, DocumentRole.CONFIG, DocumentRole.TEST):
        assert asked[role] > described[role]


@pytest.mark.parametrize(
    ("query", "role"),
    [
        ("Where is it tested that totals round?", DocumentRole.TEST),
        ("Is the option documented?", DocumentRole.DOCS),
        ("What does the changelog say of it?", DocumentRole.CHANGELOG),
        ("Is there an example of a cart?", DocumentRole.EXAMPLE),
    ],
)
def test_a_role_that_a_question_names_counts_more(query: str, role: DocumentRole) -> None:
    assert role_weights(query)[role] > role_weights("Where do totals round?")[role]
