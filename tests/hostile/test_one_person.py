"""What one person, or one program of theirs, can take from all others: a share, and no more (D).

Each limit is met with a sentence and a time after which it is worth trying again, and everybody else
goes on meanwhile.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from mcp.server.mcpserver.exceptions import ToolError
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token, find_token
from appliance.common.crowds import FULL, REQUESTS, STREAMS
from appliance.conversations import asking
from appliance.conversations.models import Message
from appliance.conversations.programs import Wish
from appliance.conversations.quotas import LineIsFull
from appliance.conversations.tasks import answer_question
from appliance.web.mcp import answers
from appliance.web.mcp.calling import Caller, within
from tests.appliance.conversations.conftest import MessageFactory, message_factory
from tests.conftest import SourceFactory
from tests.journeys.serving import served

__all__ = ["message_factory"]
pytestmark = [pytest.mark.services, pytest.mark.django_db]

BOTH = (TokenRight.READ, TokenRight.ASK)
PAGE = {"Accept": "text/html"}
WAITS = "1 of your questions wait or are being answered, as many as one person's may."
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def bearer(user: User) -> dict[str, str]:
    made = create_token(user, name="flood", rights=BOTH, by=user)
    return {"Authorization": f"Bearer {made.text}"}


@pytest.fixture
def one_at_once(settings: Settings) -> None:
    settings.REQUESTS_AT_ONCE = 1


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_question, "delay", lambda message_id: None)


@pytest.mark.usefixtures("one_at_once")
def test_who_has_enough_requests_under_way_waits_and_nobody_else(
    client: Client, owner: User, reader: User
) -> None:
    client.force_login(owner)
    program = Client()
    with REQUESTS.with_one_more(owner.pk):
        refused = client.get("/sources/", headers=PAGE)
        told = program.get("/api/v1/me", headers=bearer(owner))
        openai = program.get("/v1/models", headers=bearer(owner))
        others = program.get("/api/v1/me", headers=bearer(reader))
    assert (refused.status_code, refused["Retry-After"]) == (429, "2")
    assert FULL in refused.content.decode()
    assert (told.status_code, told["Retry-After"]) == (429, "2")
    assert told["Content-Type"] == "application/problem+json"
    assert told.json()["detail"].startswith("These are too many requests.")
    assert openai.json()["error"]["code"] == "rate_limit_exceeded"
    assert others.status_code == 200
    # What has ended, well or not, is counted no more.
    assert [client.get(path).status_code for path in ("/no/such/", "/sources/")] == [404, 200]
    assert REQUESTS.has_room(owner.pk)


@pytest.mark.usefixtures("one_at_once")
def test_nobody_who_is_not_signed_in_is_counted_as_somebody(client: Client) -> None:
    with REQUESTS.with_one_more(0):
        assert client.get("/accounts/login/").status_code == 200


def test_without_a_number_nobody_waits(settings: Settings, client: Client, owner: User) -> None:
    settings.REQUESTS_AT_ONCE = 0
    client.force_login(owner)
    with REQUESTS.with_one_more(owner.pk), REQUESTS.with_one_more(owner.pk):
        assert client.get("/sources/").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_at_once")
def test_a_stream_counts_until_it_is_closed(
    owner: User, reader: User, message_factory: MessageFactory
) -> None:
    writing, other = (message_factory(one, "It", state="writing") for one in (owner, reader))

    async def follow(user: User, message: Message) -> Any:
        client = AsyncClient()
        await client.aforce_login(user)
        return await client.get(f"/messages/{message.pk}/events/")

    async def run() -> list[int]:
        first = await follow(owner, writing)
        parts = aiter(first.streaming_content)
        await anext(parts)
        statuses = [(await follow(owner, writing)).status_code]
        someone = await follow(reader, other)
        statuses.append(someone.status_code)
        await Message.objects.filter(pk=writing.pk).aupdate(state="done")
        async for _ in parts:
            pass
        last = await follow(owner, writing)
        return [*statuses, last.status_code]

    assert async_to_sync(run)() == [429, 200, 200]
    assert STREAMS.has_room(owner.pk)


@pytest.mark.usefixtures("one_at_once", "quiet")
def test_a_chat_that_cannot_be_followed_asks_nothing(client: Client, owner: User) -> None:
    body = {"model": "plumbline", "stream": True, "messages": [{"role": "user", "content": "Why?"}]}
    with STREAMS.with_one_more(owner.pk):
        response = client.post(
            "/v1/chat/completions", json.dumps(body), "application/json", headers=bearer(owner)
        )
    assert response.status_code == 429
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_calls_of_tools_count_as_requests(settings: Settings, owner: User, reader: User) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    with served() as address, httpx.Client(base_url=address, timeout=60) as http:
        headers = {"Accept": "application/json, text/event-stream"} | bearer(owner)

        def call(**more: str) -> httpx.Response:
            return http.post("/mcp", json=PING, headers=headers | more)

        answers = [call() for _ in range(5)]  # five, for the minute may end meanwhile
        last = next(one for one in answers if one.status_code == 429)
        assert 1 <= int(last.headers["Retry-After"]) <= 60
        assert last.headers["RateLimit-Policy"] == '"requests";q=2;w=60'
        assert answers[0].status_code == call(**bearer(reader)).status_code == 200
        settings.API_REQUESTS_PER_MINUTE, settings.REQUESTS_AT_ONCE = 0, 1
        with REQUESTS.with_one_more(owner.pk):
            full = call()
            assert (full.status_code, full.headers["Retry-After"]) == (429, "2")
            assert full.json()["error"] == FULL
            assert call(**bearer(reader)).status_code == 200
        assert call().status_code == 200


@pytest.mark.usefixtures("quiet")
def test_nobody_fills_the_line_alone(
    settings: Settings, client: Client, owner: User, reader: User, source_factory: SourceFactory
) -> None:
    settings.QUESTIONS_AT_ONCE = 1
    source_factory("shop", {"README.md": "# Shop"})
    answer = asking.ask(owner, "One?")
    client.force_login(owner)
    page = client.post("/", {"question": "Two?"})
    assert (page.status_code, page["Retry-After"]) == (429, "30")
    assert WAITS in page.content.decode().replace("&#x27;", "'")
    told = Client().post(
        "/api/v1/threads", '{"question": "Two?"}', "application/json", headers=bearer(owner)
    )
    assert (told.status_code, told["Retry-After"]) == (429, "30")
    assert told.json()["detail"].startswith(WAITS)
    asking.ask(reader, "Mine?")
    for state in ("writing", "cancelled"):
        Message.objects.filter(pk=answer.pk).update(state=state)
        if state == "writing":
            with pytest.raises(LineIsFull):
                asking.ask(owner, "Two?")
    asking.ask(owner, "Two?")
    settings.QUESTIONS_AT_ONCE = 0
    asking.ask(owner, "Three?")


@pytest.mark.usefixtures("quiet")
def test_a_tool_says_so_too(settings: Settings, owner: User, source_factory: SourceFactory) -> None:
    settings.QUESTIONS_AT_ONCE = 1
    source_factory("shop", {"README.md": "# Shop"})
    asking.ask(owner, "One?")
    token = find_token(bearer(owner)["Authorization"].removeprefix("Bearer "))
    caller = Caller(token.pk, "10.0.0.1", "http://here")
    wish = Wish("Two?")
    with pytest.raises(ToolError, match="1 of your questions wait"):
        within(caller, TokenRight.ASK, lambda access: answers.begin(access, wish, None))
