"""When what was found counts as something to answer from, for every mode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.found import Basis, basis_of
from appliance.conversations.curating.recall import LEG
from appliance.conversations.prompting.conversation import Pinned
from appliance.conversations.telling import telling_words
from indexer.retrieval.hits import SearchResult
from indexer.scope import Scope
from tests.appliance.conversations.pieces import hit

CODE = "def add_item(cart, item):\n    cart.append(item)\n    raise CartFull"
NEAR = 0.4
LEGS = ("lexical", "path", "vector")
NOTHING = SearchResult((), LEGS)


def result(similarity: float = 0.0, legs: tuple[str, ...] = LEGS, *texts: str) -> SearchResult:
    return SearchResult(tuple(hit(text) for text in texts or (CODE,)), legs, similarity, NEAR)


def found(query: str, result: SearchResult, *pinned: str) -> Basis | None:
    texts = tuple(Pinned("question", text) for text in pinned)
    return basis_of(Question(query, Scope(frozenset()), pinned=texts), query, result)


def test_no_hits_answer_nothing() -> None:
    assert not found("add_item", SearchResult((), LEGS, 0.9))


def test_what_is_near_in_meaning_is_answerable_in_other_words() -> None:
    assert found("Wie kommt Ware in den Korb?", result(NEAR))
    assert not found("Wie kommt Ware in den Korb?", result(NEAR - 0.01))


@pytest.mark.parametrize("query", ["CartFull", "add_item", "addItem", "How does add_item append?"])
def test_a_name_that_stands_in_a_hit_found(query: str) -> None:
    assert found(query, result())


def test_a_compound_name_needs_all_its_parts() -> None:
    assert not found("invoice_item_total", result())


def test_names_that_stand_in_the_hits_outweigh_the_words_around_them() -> None:
    query = "Explain every line of add_item and of CartFull, one after the other, in detail."
    assert found(query, result())
    assert not found(query.replace("add_item", "pay_invoice").replace("Full", "Gone"), result())
    assert found("Tell the whole tale of add_item and pay_invoice, chapter by chapter", result())


def test_words_scattered_over_several_hits_do_not_count_together() -> None:
    scattered = result(0.0, LEGS, "database = 1", "migration = 2", "customers = 3", "table = 4")
    assert not found("Where is the database migration of the customers table?", scattered)


def test_without_vectors_half_of_the_words_will_do() -> None:
    query = "How do I add a gift item to the cart voucher?"
    assert found(query, result(0.0, ("lexical", "path")))
    assert not found(query, result(0.0, LEGS))


def test_either_line_of_a_rewritten_question_may_be_the_good_one() -> None:
    assert found("Tell us of football trophies won.\nWhat raises CartFull?", result())
    assert found("What raises CartFull?\nAnd the football trophies?", result())


def test_what_a_pinned_message_speaks_of_is_answerable() -> None:
    pinned = ["Nothing of that.", "Our release train is called HERON-4711."]
    assert found("What is the name of our release train?", NOTHING, *pinned) is Basis.PINNED
    assert not found("Where are invoices archived?", NOTHING, *pinned)
    assert not found("What is it?", NOTHING, *pinned)
    assert not found("What is the release train?", NOTHING)


def test_what_a_curator_chose_or_what_was_pasted_needs_no_further_basis() -> None:
    question = Question("Where are invoices archived?", Scope(frozenset()))
    curated = replace(result(), legs=(LEG, *LEGS))
    assert basis_of(question, question.text, curated) is Basis.CURATED
    assert basis_of(question, question.text, NOTHING, is_pasted=True) is Basis.PASTED
    assert basis_of(question, question.text, result()) is None


def test_each_basis_is_named() -> None:
    assert found("Wie kommt Ware in den Korb?", result(NEAR)) is Basis.NEAR
    assert found("Explain `add_item` to somebody who is new here", result()) is Basis.NAMES
    assert found("append the item", result()) is Basis.WORDS


def test_a_question_of_common_words_alone_is_asked() -> None:
    assert telling_words("How does it work?") == []
    assert found("How does it work?", result())
