"""When the best of a search counts as something to answer from."""

from __future__ import annotations

import pytest

from appliance.conversations.answering.relevance import is_answerable, is_recalled, telling_words
from indexer.retrieval.hits import SearchResult
from tests.appliance.conversations.pieces import hit

CODE = "def add_item(cart, item):\n    cart.append(item)\n    raise CartFull"
NEAR = 0.4
LEGS = ("lexical", "path", "vector")


def result(similarity: float = 0.0, legs: tuple[str, ...] = LEGS, *texts: str) -> SearchResult:
    return SearchResult(tuple(hit(text) for text in texts or (CODE,)), legs, similarity, NEAR)


def test_no_hits_answer_nothing() -> None:
    assert not is_answerable("add_item", SearchResult((), LEGS, 0.9))


def test_what_is_near_in_meaning_is_answerable_in_other_words() -> None:
    assert is_answerable("Wie kommt Ware in den Korb?", result(NEAR))
    assert not is_answerable("Wie kommt Ware in den Korb?", result(NEAR - 0.01))


@pytest.mark.parametrize("query", ["CartFull", "add_item", "addItem", "How does add_item append?"])
def test_a_name_that_stands_in_a_hit_is_answerable(query: str) -> None:
    assert is_answerable(query, result())


def test_a_compound_name_needs_all_its_parts() -> None:
    assert not is_answerable("invoice_item_total", result())


def test_names_that_stand_in_the_hits_outweigh_the_words_around_them() -> None:
    query = "Explain every line of add_item and of CartFull, one after the other, in detail."
    assert is_answerable(query, result())
    assert not is_answerable(
        query.replace("add_item", "pay_invoice").replace("Full", "Gone"), result()
    )
    assert is_answerable(
        "Tell the whole tale of add_item and pay_invoice, chapter by chapter", result()
    )


def test_words_scattered_over_several_hits_do_not_count_together() -> None:
    scattered = result(0.0, LEGS, "database = 1", "migration = 2", "customers = 3", "table = 4")
    assert not is_answerable("Where is the database migration of the customers table?", scattered)


def test_without_vectors_half_of_the_words_will_do() -> None:
    query = "How do I add a gift item to the cart voucher?"
    assert is_answerable(query, result(0.0, ("lexical", "path")))
    assert not is_answerable(query, result(0.0, LEGS))


def test_either_line_of_a_rewritten_question_may_be_the_good_one() -> None:
    assert is_answerable("Tell us of football trophies won.\nWhat raises CartFull?", result())
    assert is_answerable("What raises CartFull?\nAnd the football trophies?", result())


def test_what_a_pinned_message_speaks_of_is_answerable() -> None:
    pinned = ["Nothing of that.", "Our release train is called HERON-4711."]
    assert is_recalled("What is the name of our release train?", pinned)
    assert not is_recalled("Where are invoices archived?", pinned)
    assert not is_recalled("What is it?", pinned)
    assert not is_recalled("What is the release train?", [])


def test_a_question_of_common_words_alone_is_asked() -> None:
    assert telling_words("How does it work?") == []
    assert is_answerable("How does it work?", result())
