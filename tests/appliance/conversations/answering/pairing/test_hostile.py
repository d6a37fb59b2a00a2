"""Plans of a model that repeats itself, writes nonsense, or names what is not there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from indexer.models import Source
from inference.fake_server import FakeServer
from tests.appliance.conversations.answering.pairing.conftest import (
    FLOW,
    end_of,
    pair,
    plan,
    planner_requests,
    steps_of,
    without_secret,
)

Planning = Callable[..., FakeServer]


@pytest.mark.parametrize(
    "said",
    [
        plan("search", "invoice " * 2000),
        plan("search", "in\0voice\ud800"),
        plan("search", "\u202einvoice\u200b"),
        plan("search", "repo:vault file:.* lang:x -- ' OR 1=1"),
        plan("references", "(" * 250),
        plan("references", "\\E[^"),
        plan("read", place="../" * 90 + "etc/passwd"),
        plan("read", place="shop/checkout.py\0"),
        plan("read", place="shop/checkout.py:0"),
        plan("read", place="shop/checkout.py:9999999-1"),
        plan("read", place="shop/checkout.py:٣-٤"),
        plan("read", place="P0"),
        plan("history", place="%_" * 99),
        plan("history", "\ud83d"),
        '{"action": "search", "text": "invoice", "depth": ' + "9" * 5000 + "}",
        '{"action": "search", "text": "invoice", "options": ' + '["x"] * 9}',
        '{"action": "search", "text": "invoice", "score": NaN, "score": 1e9999}',
    ],
)
def test_whatever_it_writes_the_steps_can_be_stored_and_the_answer_comes(
    said: str, orders: Source, planning: Planning
) -> None:
    planning(said)
    events = list(pair())
    end = end_of(events)
    assert end.text
    assert end.error == ""
    stored = json.dumps([step.to_json() for step in steps_of(events)], ensure_ascii=False)
    assert stored.encode()  # no half a character
    assert "\\u0000" not in stored
    assert all(len(step.title) < 400 for step in steps_of(events))


def test_the_question_itself_is_not_searched_for_again(orders: Source, planning: Planning) -> None:
    server = planning(*[plan("search", FLOW.upper())] * 9)
    events = list(pair())
    assert [step.title for step in steps_of(events)][1:] == ["Went on to write"]
    assert len(planner_requests(server)) == 2


def test_a_question_that_is_called_like_an_action_is_a_question(
    orders: Source, planning: Planning
) -> None:
    planning(plan("read", place="billing/ledger_book.py"))
    titles = [step.title for step in steps_of(list(pair("write")))]
    assert titles[1:] == ["Read billing/ledger_book.py, lines 1-12", "Had enough to write"]


@pytest.mark.parametrize("text", ["[E1]", "…", "[E1] [E2].", "```"])
def test_nobody_is_asked_back_without_a_word(text: str, orders: Source, planning: Planning) -> None:
    planning(*[plan("ask_back", text, options=["checkout", "Invoice"])] * 2)
    end = end_of(list(pair()))
    assert not end.receipt.asked_back
    assert end.text


@pytest.mark.parametrize(
    "said",
    [
        plan("read", place="keys.py:900"),
        plan("history", place="secret/keys.py"),
    ],
)
def test_a_step_rests_on_the_document_that_it_tells_of_though_it_took_no_line_of_it(
    said: str, orders: Source, planning: Planning
) -> None:
    planning(said)
    _, looked, *_ = steps_of(list(pair()))
    assert "keys.py" in looked.title
    assert (orders.pk, "secret/keys.py") in looked.places


def test_a_document_without_a_history_for_its_reader_is_one_that_a_step_rests_on(
    orders: Source, planning: Planning
) -> None:
    planning(plan("history", place="checkout.py"))
    _, looked, *_ = steps_of(list(pair(scope=without_secret(orders))))
    assert looked.title == "Looked at what changed with shop/checkout.py"
    assert looked.places == ((orders.pk, "shop/checkout.py"),)
