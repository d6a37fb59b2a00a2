"""A served appliance with a worker, and the official SDK's client as somebody's program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx2
import pytest
from django.db import connections
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.config.celery import app as celery_app
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES
from tests.brokers import sending_to
from tests.conftest import SourceFactory
from tests.journeys.serving import served

T = TypeVar("T")
Use = Callable[[Client], Awaitable[T]]
BOTH = (TokenRight.READ, TokenRight.ASK)


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    with sending_to(celery_app, "memory://"), served() as url:
        yield url


@pytest.fixture
def shop(transactional_db: None, source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def pay(transactional_db: None, source_factory: SourceFactory) -> Source:
    """Read by nobody until a test grants it."""
    return source_factory(
        "pay", {"pay.py": "def charge_card(bill):\n    return bill\n"}, grant=None
    )


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """Answer what waits, as a worker does."""
    ended = threading.Event()

    def work() -> None:
        try:
            while not ended.wait(0.05):
                if Message.objects.filter(state=Message.State.QUEUED).exists():
                    answer_question("any")
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join(20)


def token_of(user: User, **more: Any) -> str:
    return create_token(user, **{"name": "agent", "rights": BOTH, "by": user, **more}).text


def using(address: str, token: str, use: Use[T], *, mode: str = "auto") -> T:
    """Connect as a program with this token, and use the connection."""

    async def run() -> T:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(headers=headers, timeout=120) as http:
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await use(client)

    return asyncio.run(run())


def call(address: str, token: str, tool: str, **arguments: Any) -> CallToolResult:
    return using(address, token, lambda client: client.call_tool(tool, arguments))


def values(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, words(result)
    given = result.structured_content
    assert isinstance(given, dict)
    return given


def words(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if block.type == "text")
