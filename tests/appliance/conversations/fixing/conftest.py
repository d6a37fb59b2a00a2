"""Questions about something broken, asked of a scripted model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from appliance.conversations.answering.events import Answered, Event, Question
from appliance.conversations.answering.flow import answer
from appliance.conversations.modes import Mode
from appliance.conversations.prompting.budget import Budget
from appliance.sources.operators import scope_for
from indexer import clients
from indexer.models import Source
from indexer.scope import Scope
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory

BUDGET = Budget(window_tokens=4096, prompt_tokens=3000, answer_tokens=512)
TRACE = """Why does this fail?

Traceback (most recent call last):
  File "/srv/app/shop/cart.py", line 7, in add_item
    raise CartFull(item)
shop.cart.CartFull: too many
"""
Fix = Callable[..., dict[str, Any]]


def fenced(*lines: str) -> str:
    """Return an answer with a diff of these lines."""
    body = "\n".join(lines)
    return f"The limit of `add_item` is off by one [E1].\n\n```diff\n{body}\n```\n"


CHANGE = (
    "@@ -100,3 +100,3 @@",
    "-    if cart.count(item) >= 99:",
    "+    if cart.count(item) > 99:",
)
HEAD = ("--- shop/cart.py", "+++ shop/cart.py")
GOOD = fenced(*HEAD, *CHANGE)
NOWHERE = fenced(*HEAD, "@@", "-    if basket.is_full():", "+    if basket.is_empty():")


def events_of(text: str = TRACE, scope: Scope | None = None, **fields: Any) -> list[Event]:
    question = Question(text, scope or scope_for(None), mode=Mode.FIX, **fields)
    return list(answer(question, client=clients.chat, budget=lambda client: BUDGET))


def end_of(events: list[Event]) -> Answered:
    end = events[-1]
    assert isinstance(end, Answered)
    return end


def verdicts(patch: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: str(check["verdict"]) for check in patch["checks"]}


def reasons(patch: dict[str, Any]) -> str:
    return " ".join(check["reason"] for check in patch["checks"])


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def fix(models: FakeServer) -> Fix:
    """Have the model say this and return the only patch that comes of it."""

    def run(
        said: str, *, repaired: str | None = None, scope: Scope | None = None, text: str = TRACE
    ) -> dict[str, Any]:
        models.model.script = Script(text=said, repaired=repaired)
        (patch,) = end_of(events_of(text, scope)).patches
        return patch

    return run
