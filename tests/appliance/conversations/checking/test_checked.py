"""Answers and results say when their sources were last compared with their origins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.answering.receipts import receipt_of
from appliance.sources.access import scope_of
from appliance.sources.asof import as_of
from indexer.models import Source
from indexer.retrieval.search import search
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    """Compared with its origin two hours ago."""
    source = source_factory("shop", FILES)
    source.checked_at = timezone.now() - timedelta(hours=2)
    source.save()
    return source


def receipt_for(owner: User) -> dict[str, Any]:
    scope = scope_of(owner)
    result = search("add item", scope=scope)
    narrowing = as_of(scope, [], "")
    return receipt_of(scope, [], "add item", result, rewritten=False, narrowing=narrowing).to_json()


def thread_page(client: Client, owner: User, make: MessageFactory, **fields: object) -> str:
    one = lines_of(Source.objects.get(), "shop/cart.py", 4, 9)
    message = make(owner, "Adds [E1].", [one], cited=[one])
    message.receipt |= fields
    message.save()
    client.force_login(owner)
    return " ".join(client.get(f"/threads/{message.thread_id}/").content.decode().split())


def test_the_receipt_keeps_when_the_source_was_compared_before_the_answer(
    client: Client, owner: User, source: Source, message_factory: MessageFactory
) -> None:
    receipt = receipt_for(owner)
    (searched,) = receipt["sources"]
    assert source.checked_at is not None
    assert searched["checked_at"] == source.checked_at.isoformat()
    Source.objects.update(checked_at=timezone.now() - timedelta(minutes=2, seconds=5))
    page = thread_page(client, owner, message_factory, sources=[searched])
    receipt_part = page[page.index("What was searched") :]
    assert ">2 hours ago</time>" in receipt_part[: receipt_part.index("</details>")]


def test_an_evidence_card_says_when_its_source_was_compared_last(
    client: Client, owner: User, source: Source, message_factory: MessageFactory
) -> None:
    page = thread_page(client, owner, message_factory)
    card = page[page.index('<article class="card"') :]
    assert "· checked <time" in card
    assert ">2 hours ago</time>" in card


def test_a_source_that_was_never_compared_says_nothing(
    client: Client, owner: User, source: Source, message_factory: MessageFactory
) -> None:
    Source.objects.update(checked_at=None)
    (searched,) = receipt_for(owner)["sources"]
    assert searched["checked_at"] == ""
    page = thread_page(client, owner, message_factory, sources=[searched])
    assert "shop @" in page
    assert "checked <time" not in page


@pytest.mark.parametrize(
    "written", [{}, {"checked_at": ""}, {"checked_at": "soon"}], ids=["none", "empty", "odd"]
)
def test_a_receipt_from_before_says_nothing(
    written: dict[str, str],
    client: Client,
    owner: User,
    source: Source,
    message_factory: MessageFactory,
) -> None:
    searched = {"name": "shop", "commit": "a" * 40, "live_at": "", **written}
    page = thread_page(client, owner, message_factory, sources=[searched])
    receipt_part = page[page.index("What was searched") :]
    assert "<time" not in receipt_part[: receipt_part.index("</details>")]


def test_a_result_says_when_its_source_was_compared_last(
    client: Client, owner: User, source: Source
) -> None:
    client.force_login(owner)
    page = client.get("/search/", {"q": "add item"}).content.decode()
    assert "· checked <time" in page
    assert ">2\xa0hours ago</time>" in page
    Source.objects.update(checked_at=None)
    assert "· checked" not in client.get("/search/", {"q": "add item"}).content.decode()
