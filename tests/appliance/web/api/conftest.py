"""People with tokens, and the appliance as programs reach it: served, with a worker behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.conversations.conftest import (
    FILES,
    MessageFactory,
    lines_of,
    message_factory,
)
from tests.conftest import SourceFactory
from tests.journeys.serving import served

__all__ = ["message_factory"]

BOTH = (TokenRight.READ, TokenRight.ASK)
QUESTION = "How does add_item add an item to the cart?"
Call = Callable[..., Any]


def token_of(user: User, **more: Any) -> str:
    return create_token(user, **{"name": "editor", "rights": BOTH, "by": user, **more}).text


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def call(client: Client) -> Call:
    """Call the API in the test's own process: `call(token, "get", "/api/v1/me")`."""

    def ask(token: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        if "json" in more:
            more |= {"data": more.pop("json"), "content_type": "application/json"}
        return getattr(client, method)(path, headers=headers, **more)

    return ask


@pytest.fixture
def kept(shop: Source, owner: User, message_factory: MessageFactory) -> Message:
    """An answer of the owner that cites the cart."""
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    return message_factory(owner, "It appends the item [E1].", [cart])


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker and no worker: what is asked waits."""
    monkeypatch.setattr("celery.app.task.Task.delay", lambda *args, **kwargs: None)


@pytest.fixture
def address(shop: Source, models: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the appliance; whatever is asked is answered in a thread, as a worker does."""
    models.model.script = Script(text="It appends the item to the cart [E1].")
    threads: list[threading.Thread] = []

    def run(identifier: str) -> None:
        try:
            answer_question(identifier)
        finally:
            connection.close()

    def delay(identifier: str) -> None:
        threads.append(threading.Thread(target=run, args=(identifier,), daemon=True))
        threads[-1].start()

    monkeypatch.setattr(answer_question, "delay", delay)
    monkeypatch.setattr("appliance.conversations.tasks.note_turns.delay", lambda key: None)
    with served() as base:
        yield base
        Message.objects.update(stop_asked=True)
    for thread in threads:
        thread.join(20)


def program(base: str, user: User, **more: Any) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token_of(user, **more)}"}
    return httpx.Client(base_url=base, headers=headers, timeout=120)
