"""A corpus whose questions need several files, and a hidden part of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.conversations.answering.events import (
    Answered,
    Event,
    Prompted,
    Question,
    Searched,
    Stepped,
)
from appliance.conversations.answering.flow import answer
from appliance.conversations.answering.steps import Step
from appliance.conversations.modes import Mode
from appliance.conversations.prompting.budget import Budget
from appliance.sources.operators import scope_for
from indexer import clients
from indexer.models import Source
from indexer.scope import PathRule, Scope
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.conftest import SourceFactory

BUDGET = Budget(window_tokens=8192, prompt_tokens=6000, answer_tokens=512)
FLOW = "How does an order flow from checkout across the warehouse to the invoice?"

FILES = {
    "shop/checkout.py": '''"""Checkout."""

from shop.warehouse import reserve_stock


def checkout(order):
    """Take an order at the checkout."""
    parcel = reserve_stock(order)
    return parcel
''',
    "shop/warehouse.py": '''"""The warehouse."""

from billing.ledger_book import book_parcel


def reserve_stock(order):
    """Reserve what an order needs."""
    return book_parcel(order)
''',
    "billing/ledger_book.py": '''"""Parcels become invoices."""

DUE_DAYS = 30


def book_parcel(order):
    """Write the invoice for a parcel."""
    return Invoice(order, DUE_DAYS)


class Invoice:
    """What a customer owes."""
''',
    "secret/keys.py": '''"""Keys."""

CANARY_KEY = "canary-of-the-vault"


def open_vault():
    """Open the vault for an order at the checkout."""
    return CANARY_KEY
''',
    "README.md": "# Shop\n\nOrders are taken at the checkout.\n",
}


def plan(action: str, text: str = "", place: str = "", **fields: object) -> str:
    return json.dumps({"action": action, "text": text, "place": place, **fields})


def pair(
    text: str = FLOW, scope: Scope | None = None, *, budget: Budget = BUDGET, **fields: Any
) -> Iterator[Event]:
    stopped = fields.pop("stopped", lambda: False)
    question = Question(text, scope or scope_for(None), mode=Mode.PAIR, **fields)
    return answer(question, client=clients.chat, budget=lambda client: budget, stopped=stopped)


def end_of(events: list[Event]) -> Answered:
    end = events[-1]
    assert isinstance(end, Answered)
    return end


def steps_of(events: list[Event]) -> list[Step]:
    """Return the steps as they ended."""
    steps = {event.step.number: event.step for event in events if isinstance(event, Stepped)}
    return [steps[number] for number in sorted(steps)]


def paths_in(events: list[Event], kind: type[Searched] | type[Prompted]) -> set[str]:
    return {piece.path for event in events if isinstance(event, kind) for piece in event.evidence}


def planner_requests(server: FakeServer) -> list[dict[str, Any]]:
    return [
        request
        for request in server.model.received
        if "json" in (request.get("structured_outputs") or {})  # type: ignore[operator]
    ]


def told(server: FakeServer) -> str:
    """Return all that the chat model was asked; what was embedded came from syncing."""
    asked = [one for one in server.model.received if one["path"] != "/v1/embeddings"]
    return str(asked)


@pytest.fixture
def orders(source_factory: SourceFactory) -> Source:
    return source_factory("orders", FILES)


@pytest.fixture
def planning(models: FakeServer) -> Callable[..., FakeServer]:
    """Let the fake model plan these steps, one after the other."""

    def make(*plans: str, **fields: Any) -> FakeServer:
        models.model.script = Script(plans=plans, window_tokens=8192, **fields)
        return models

    return make


def without_secret(source: Source) -> Scope:
    """Return the scope of somebody who may read all but `secret/`."""
    return Scope(rules=(PathRule(source.pk, "", True), PathRule(source.pk, "secret", False)))
