"""The mode "pair" asks the person back: with names that were found, once, and not about itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.conversations.answering.events import Prompted
from indexer.models import Source
from inference.fake_server import FakeServer
from tests.appliance.conversations.answering.pairing.conftest import (
    FLOW,
    end_of,
    pair,
    plan,
    planner_requests,
    without_secret,
)

Planning = Callable[..., FakeServer]


def test_the_person_is_asked_back_with_names_that_were_found(
    orders: Source, planning: Planning
) -> None:
    planning(
        plan(
            "ask_back",
            "Which one do you mean?",
            options=["checkout", "reserve_stock()", "made_up_name"],
        )
    )
    events = list(pair())
    end = end_of(events)
    assert end.text == end.compiled.text == "Which one do you mean?"
    assert end.receipt.asked_back
    assert end.receipt.options == ("checkout", "reserve_stock()")
    assert not any(isinstance(event, Prompted) for event in events)


@pytest.mark.parametrize(
    ("option", "is_offered"),
    [
        ("reserve_stock()", True),
        ("`Invoice`", True),
        ("DUE_DAYS", True),
        ("shop/warehouse.py", True),
        ("orders", True),
        ("stock", False),
        ("Invoices", False),
        ("open_vault", False),
        ("(?s).*", False),
        ("``", False),
        ("", False),
    ],
)
def test_an_option_must_stand_in_what_was_found(
    option: str, is_offered: bool, orders: Source, planning: Planning
) -> None:
    planning(plan("ask_back", "Which one?", options=["checkout", option]))
    end = end_of(list(pair(scope=without_secret(orders))))
    assert end.receipt.options == (("checkout", option) if is_offered else ())


def test_options_that_were_not_found_are_not_offered(orders: Source, planning: Planning) -> None:
    planning(plan("ask_back", "Which [E1]?", options=["checkout", "out", "secret/keys.py2"]))
    end = end_of(list(pair()))
    assert (end.compiled.text, end.receipt.options) == ("Which?", ())


def test_nobody_is_asked_their_own_question(orders: Source, planning: Planning) -> None:
    planning(plan("ask_back", FLOW.upper(), options=["checkout", "Invoice"]))
    assert not end_of(list(pair())).receipt.asked_back


def test_nobody_is_asked_back_twice_in_a_row(orders: Source, planning: Planning) -> None:
    server = planning(*[plan("ask_back", "Which one?", options=[])] * 9)
    end = end_of(list(pair(may_ask_back=False)))
    assert not end.receipt.asked_back
    assert end.text
    (first, *_) = planner_requests(server)
    assert "ask_back" not in str(first)


def test_nobody_is_asked_back_after_two_further_steps(orders: Source, planning: Planning) -> None:
    ask = plan("ask_back", "Which one?", options=[])
    planning(plan("search", "invoice"), plan("search", "parcel"), ask, ask)
    assert not end_of(list(pair())).receipt.asked_back


def test_nobody_is_asked_back_about_past_changes(orders: Source, planning: Planning) -> None:
    ask = plan("ask_back", "Which one?", options=[])
    planning(plan("history", "invoice"), ask, ask)
    assert not end_of(list(pair())).receipt.asked_back
