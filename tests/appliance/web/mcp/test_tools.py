"""Every tool as the owner of a token uses it, through the stock client."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from mcp import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.conversations.models import Message
from indexer import clients
from indexer.models import Source
from tests.appliance.web.mcp.conftest import call, token_of, using, values, words

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

TOOLS = {
    "ask", "search", "search_code", "definitions", "references", "read_file", "history",
    "list_sources",
}  # fmt: skip


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_stock_client_lists_described_and_typed_tools(
    address: str, reader: User, mode: str
) -> None:
    async def look(client: Client) -> Any:
        return client.protocol_version, (await client.list_tools()).tools

    version, tools = using(address, token_of(reader), look, mode=mode)
    assert version == ("2026-07-28" if mode == "auto" else "2025-11-25")
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.description, tool.name
        assert (tool.output_schema or {}).get("type") == "object", tool.name
        assert "context" not in tool.input_schema["properties"]
        assert tool.annotations.read_only_hint is (tool.name != "ask")


def test_reading_tools_give_what_the_pages_give(address: str, shop: Source, reader: User) -> None:
    commit = shop.refs.get().commit

    async def use(client: Client) -> dict[str, Any]:
        asked: dict[str, dict[str, Any]] = {
            "list_sources": {},
            "search": {"query": "How many items may a cart hold?"},
            "search_code": {"query": r"/cart\.\w+\(item\)/"},
            "definitions": {"name": "add_item"},
            "references": {"name": "CartFull"},
            "read_file": {
                "source": "shop",
                "path": "shop/cart.py",
                "first_line": 4,
                "last_line": 5,
            },
            "history": {"source": "shop", "path": "shop/cart.py"},
        }
        return {name: values(await client.call_tool(name, given)) for name, given in asked.items()}

    found = using(address, token_of(reader), use)
    [source] = found["list_sources"]["sources"]
    assert (source["name"], source["commit"]) == ("shop", commit)
    assert "shop/cart.py" in {hit["place"]["path"] for hit in found["search"]["hits"]}
    [file] = found["search_code"]["files"]
    assert [line["number"] for line in file["lines"]] == [6, 8]
    assert found["search_code"]["certificate"]["complete"] is True
    [definition] = found["definitions"]["definitions"]
    assert definition["place"]["first_line"] == 4
    assert definition["place"]["url"].startswith(f"{address}/files/shop/{commit}/shop/cart.py")
    assert found["references"]["total"] == 1
    read = found["read_file"]
    assert read["text"].startswith("def add_item(cart, item):\n")
    assert (read["place"]["last_line"], read["next_line"]) == (5, None)
    [change] = found["history"]["commits"]
    assert change["message"]
    actions = set(Event.objects.filter(actor="reader").values_list("action", flat=True))
    assert {Action.SEARCHED, Action.CODE_SEARCHED, Action.SYMBOL_READ, Action.FILE_READ} <= actions
    assert set(Event.objects.filter(action=Action.FILE_READ).values_list("address", flat=True)) == {
        "127.0.0.1"
    }


def test_a_long_file_is_read_piece_by_piece(
    address: str, shop: Source, reader: User, source_factory: Any
) -> None:
    source_factory("long", {"a.txt": "".join(f"line {n}\n" for n in range(1, 2501))})
    token, seen, first = token_of(reader), [], 1
    while first:
        part = values(
            call(address, token, "read_file", source="long", path="a.txt", first_line=first)
        )
        seen += part["text"].split("\n")
        first = part["next_line"]
    assert seen == [f"line {n}" for n in range(1, 2501)]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_answer_comes_with_progress_and_citations(
    address: str, shop: Source, reader: User, worker: None, mode: str
) -> None:
    told: list[tuple[float, str | None]] = []

    async def progress(
        progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        told.append((progress, message))

    async def use(client: Client) -> Any:
        asked = {"question": "How does add_item add an item to the cart?"}
        return await client.call_tool("ask", asked, progress_callback=progress)

    result = using(address, token_of(reader), use, mode=mode)
    answer = values(result)
    assert answer["state"] == "done"
    citation = answer["citations"][0]
    assert citation["place"]["source"] == "shop"
    assert "[1]" in answer["text"]
    assert citation["place"]["url"] in words(result)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][1] == "Done"
    again = values(
        call(address, token_of(reader), "ask", question="And then?", thread=answer["thread"])
    )
    assert again["thread"] == answer["thread"]
    assert Event.objects.filter(action=Action.SHOWN, object_id=answer["message"]).exists()


def test_without_a_model_it_gives_what_was_found(
    address: str, shop: Source, reader: User, worker: None, settings: Settings
) -> None:
    settings.CHAT_URL = "none"
    clients.close()
    result = call(address, token_of(reader), "ask", question="How does add_item add an item?")
    answer = values(result)
    assert (answer["state"], answer["citations"]) == ("failed", [])
    assert "No model is configured" in answer["text"]
    assert answer["found"][0]["place"]["path"] == "shop/cart.py"
    assert answer["found"][0]["place"]["url"] in words(result)


def test_an_answer_that_nobody_waits_for_is_stopped(
    address: str, shop: Source, reader: User
) -> None:
    """Whoever ends the call, as editors do with their stop button, ends the writing too."""

    async def use(client: Client) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await client.call_tool("ask", {"question": "How does add_item add?"})

    using(address, token_of(reader), use)
    until = time.monotonic() + 10
    answers = Message.objects.filter(role=Message.Role.ANSWER)
    while answers.get().state != Message.State.STOPPED and time.monotonic() < until:
        time.sleep(0.1)
    assert answers.get().state == Message.State.STOPPED
