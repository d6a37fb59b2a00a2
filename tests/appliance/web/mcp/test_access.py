"""What a token may and may not reach through MCP: outsiders, narrowed, removed and wrong tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connections
from mcp.types import CallToolResult
from pytest_django import Settings

from appliance.accounts.glass import open_glass
from appliance.accounts.models import ApiToken, TokenRight, User
from appliance.accounts.tokens import revoke_token
from appliance.conversations.asking import ask
from appliance.conversations.models import Message, Thread
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant
from appliance.web.mcp.answers import MOST_UNDER_WAY
from indexer.models import Source
from tests.appliance.web.mcp.conftest import BOTH, call, token_of, using, values, words

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

# What is asked of a source by name, for each tool that takes one.
OF_A_SOURCE: dict[str, Callable[[str], dict[str, Any]]] = {
    "search": lambda name: {"query": "cart", "sources": [name]},
    "definitions": lambda name: {"name": "add_item", "sources": [name]},
    "references": lambda name: {"name": "add_item", "sources": [name]},
    "read_file": lambda name: {"source": name, "path": "shop/cart.py"},
    "history": lambda name: {"source": name, "path": "shop/cart.py"},
    "ask": lambda name: {"question": "How?", "sources": [name]},
}
OF_ALL: dict[str, dict[str, Any]] = {
    "list_sources": {},
    "search": {"query": "add_item"},
    "search_code": {"query": "add_item"},
    "definitions": {"name": "add_item"},
    "references": {"name": "CartFull"},
}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def called(address: str, token: str, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    async def use(client: Any) -> list[CallToolResult]:
        return [await client.call_tool(tool, given) for tool, given in calls]

    return using(address, token, use)


def posted(address: str, token: str = "", **headers: str) -> httpx.Response:
    sent = {"Accept": "application/json, text/event-stream", **headers}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    return httpx.post(f"{address}/mcp", json=LIST, headers=sent)


def test_to_an_outsider_a_source_does_not_exist(
    address: str, shop: Source, outsider: User, reader: User, user_factory: Any
) -> None:
    """Refused in the same words as what never was, however it is asked for."""
    set_grant("others", Source.objects.create(name="other", kind="path", location="/nowhere"))
    elsewhere = user_factory("elsewhere", groups=("others",))  # who may ask, and not here
    for person in (outsider, elsewhere):
        token = token_of(person)
        calls = [
            (tool, given(name)) for tool, given in OF_A_SOURCE.items() for name in ("shop", "nil")
        ]
        results = called(address, token, calls)
        for (tool, _), hidden, absent in zip(calls[::2], results[::2], results[1::2], strict=True):
            assert hidden.is_error, tool
            assert absent.is_error, tool
            assert words(hidden).replace("shop", "nil") == words(absent), tool
        for result in called(address, token, list(OF_ALL.items())):
            assert "shop" not in words(result).replace("shop.", ""), words(result)
            assert not result.is_error
    assert "shop/cart.py" in words(call(address, token_of(reader), "search", query="add_item"))
    assert not Message.objects.exists()


def test_a_narrowed_token_never_reaches_another_source(
    address: str, shop: Source, pay: Source, reader: User, worker: None
) -> None:
    set_grant("readers", pay)
    token = token_of(reader, sources=[pay])
    calls = [(tool, given("shop")) for tool, given in OF_A_SOURCE.items()]
    assert all(result.is_error for result in called(address, token, calls))
    listed = values(call(address, token, "list_sources"))["sources"]
    assert [one["name"] for one in listed] == ["pay"]
    hits = values(call(address, token, "search", query="charge_card add_item"))["hits"]
    assert {hit["place"]["source"] for hit in hits} == {"pay"}
    answer = values(call(address, token, "ask", question="What does add_item do?"))
    assert {one["place"]["source"] for one in answer["citations"]} <= {"pay"}
    assert [one.partition("@")[0] for one in answer["searched"]] == ["pay"]


def test_a_narrowed_token_follows_up_on_nothing_that_it_may_not_read(
    address: str, shop: Source, pay: Source, reader: User, worker: None
) -> None:
    """The earlier answers of the thread rest on another source, and so does what is pinned there."""
    set_grant("readers", pay)
    first = values(call(address, token_of(reader), "ask", question="How does add_item add?"))
    assert "cart" in str(first)
    token = token_of(reader, sources=[pay])
    again = call(address, token, "ask", question="Say that again.", thread=first["thread"])
    assert again.is_error
    assert "no such thing" in words(again)
    assert Message.objects.filter(role="question").count() == 1


def test_nobody_follows_up_in_the_thread_of_somebody_else(
    address: str, shop: Source, owner: User, reader: User
) -> None:
    message = ask(owner, "How does add_item add?")
    for thread in (str(message.thread_id), "00000000-0000-4000-8000-000000000000"):
        result = call(address, token_of(reader), "ask", question="And?", thread=thread)
        assert result.is_error
        assert "no such thing" in words(result)
    assert Thread.objects.count() == 1


def test_a_program_that_asks_in_a_loop_is_held_back(
    address: str, shop: Source, owner: User, reader: User
) -> None:
    for number in range(MOST_UNDER_WAY):
        ask(reader, f"Question {number}?")
    result = call(address, token_of(reader), "ask", question="One more?")
    assert "are under way" in words(result)
    assert Message.objects.filter(role="question").count() == MOST_UNDER_WAY


def test_rights_are_kept_apart(address: str, shop: Source, reader: User) -> None:
    reads = token_of(reader, rights=[TokenRight.READ])
    asks = token_of(reader, rights=[TokenRight.ASK])
    assert "lacks the right ask" in words(call(address, reads, "ask", question="How?"))
    for tool, given in OF_ALL.items():
        assert "lacks the right read" in words(call(address, asks, tool, **given)), tool
    assert not Message.objects.exists()


def test_a_removed_token_ends_within_ten_seconds(address: str, shop: Source, reader: User) -> None:
    """Also for a call that is under way: nothing answers here, so the question waits."""
    token = token_of(reader)

    def remove() -> None:
        try:
            until = time.monotonic() + 10
            while not Message.objects.exists() and time.monotonic() < until:
                time.sleep(0.05)
            revoke_token(ApiToken.objects.get(), by=reader)
        finally:
            connections.close_all()

    remover = threading.Thread(target=remove)
    remover.start()
    started = time.monotonic()
    result = call(address, token, "ask", question="How does add_item add?")
    remover.join()
    assert time.monotonic() - started < 10
    assert result.is_error
    assert "opens nothing any more" in words(result)
    assert posted(address, token).status_code == 401


def test_who_has_no_token_is_told_to_send_one(address: str, reader: User) -> None:
    for token in ("", "plumb_wrong", "x" * 5000):
        response = posted(address, token)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert posted(address, token_of(reader)).status_code != 401
    reader.is_active = False
    reader.save()
    assert posted(address, token_of(reader)).status_code == 401


def test_pages_of_other_sites_and_other_names_are_turned_away(
    address: str, reader: User, settings: Settings
) -> None:
    token = token_of(reader)
    for origin in ("http://evil.example", "null", f"{address}.evil.example", "http://127.0.0.1"):
        assert posted(address, token, Origin=origin).status_code == 403, origin
    assert posted(address, token, Host="evil.example").status_code == 400
    assert posted(address, token, Origin=address).status_code == 200
    settings.CSRF_TRUSTED_ORIGINS = ["https://code.example"]
    assert posted(address, token, Origin="https://code.example").status_code == 200
    assert posted(address, token, Cookie="sessionid=abc").status_code == 400
    for method in ("GET", "DELETE"):
        assert httpx.request(method, f"{address}/mcp").status_code == 405


def test_paths_that_are_closed_stay_closed(
    address: str, source_factory: Any, user_factory: Any
) -> None:
    part = source_factory(
        "part",
        {"docs/a.md": "# Open words\n", "secret/b.md": "# Hidden words\n"},
        grant=None,
    )
    person = user_factory("person", groups=("some",))
    set_grant("some", part)
    Grant.objects.create(
        group=person.groups.get(), source=part, path_pattern="secret/", allow=False
    )
    token = token_of(person)
    hidden = call(address, token, "read_file", source="part", path="secret/b.md")
    absent = call(address, token, "read_file", source="part", path="secret/none.md")
    assert hidden.is_error
    assert words(hidden) == words(absent)
    assert call(address, token, "history", source="part", path="secret/b.md").is_error
    assert "Hidden" not in words(call(address, token, "search_code", query="words"))
    # A message may speak of what is closed: of a source in parts only commits are told.
    [commit] = values(call(address, token, "history", source="part", path="docs/a.md"))["commits"]
    assert commit["commit"]
    assert commit["message"] == ""


def test_emergency_access_opens_nothing_to_programs(
    address: str, shop: Source, staff: User
) -> None:
    token = token_of(staff)
    open_glass(staff, "an incident")
    assert values(call(address, token, "list_sources"))["sources"] == []
    result = call(address, token, "ask", question="How does add_item add?")
    assert "may read no source" in words(result)


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("search", {"query": "a\0b"}),
    ("search", {"query": ""}),
    ("search", {"query": "x" * 3000}),
    ("search", {"query": "x", "limit": 10**9}),
    ("search", {"query": "x", "sources": ["shop\0"]}),
    ("search", {"query": "x", "sources": "shop' OR 1=1"}),
    ("search", {"query": "x", "ref": "main\0"}),
    ("search_code", {"query": "/(a+)+$(/"}),
    ("search_code", {"query": "a\0"}),
    ("definitions", {"name": "'; DROP TABLE indexer_source; --"}),
    ("references", {"name": "add_item", "offset": -1}),
    ("read_file", {"source": "shop", "path": "../../etc/passwd"}),
    ("read_file", {"source": "shop", "path": "shop/cart.py\0"}),
    ("read_file", {"source": "shop", "path": "shop/cart.py", "commit": "\0"}),
    ("read_file", {"source": "shop", "path": "shop/cart.py", "first_line": 5, "last_line": 4}),
    ("read_file", {"source": "shop", "path": "shop/cart.py", "first_line": 10**12}),
    ("read_file", {"source": "shop", "path": "shop/cart.py", "first_line": 900}),
    ("read_file", {"source": {"$ne": ""}, "path": ["x"]}),
    ("history", {"source": "shop", "path": "%"}),
    ("ask", {"question": "  "}),
    ("ask", {"question": "a\0b"}),
    ("ask", {"question": "x" * 30_000}),
    ("ask", {"question": "x", "mode": "root"}),
    ("ask", {"question": "x", "thread": "../../1"}),
    ("ask", {"question": "x", "ref": "no-such-branch"}),
]


def test_hostile_arguments_are_refused_in_a_sentence(
    address: str, shop: Source, reader: User
) -> None:
    results = called(address, token_of(reader), HOSTILE)
    for (tool, given), result in zip(HOSTILE, results, strict=True):
        assert result.is_error, (tool, given, words(result))
        assert "Traceback" not in words(result)
        assert words(result) != f"Error executing tool {tool}", given  # a crash says no more
    assert not Message.objects.exists()


def test_a_call_that_is_too_large_is_refused(address: str, reader: User) -> None:
    headers = {
        "Accept": "application/json, text/event-stream",
        "Authorization": f"Bearer {token_of(reader, rights=BOTH)}",
    }
    large = {**LIST, "params": {"x": "y" * 1_100_000}}
    assert httpx.post(f"{address}/mcp", json=large, headers=headers).status_code == 413
