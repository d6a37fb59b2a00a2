"""The terms of a question."""

from __future__ import annotations

from math import log

import pytest

from indexer.lexical.queries import query_weights


def test_function_words_do_not_count() -> None:
    assert set(query_weights("Where is the config of this parser?")) == {"config", "parser"}


def test_repeated_words_count_more_but_not_in_proportion() -> None:
    weights = query_weights("retry retry retry timeout")
    assert weights["timeout"] == 1.0
    assert weights["retri"] == pytest.approx(1.0 + log(3))


def test_a_question_of_function_words_alone_keeps_them() -> None:
    assert set(query_weights("where is it?")) == {"where", "is", "it"}


def test_an_empty_question_has_no_terms() -> None:
    assert query_weights("  ?! ") == {}
