"""Sign-in by OAuth with the official SDK's client, over HTTP; its person answers in a browser's place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import Client as Browser
from django.utils import timezone
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from mcp.types import CallToolResult
from pydantic import AnyUrl

from appliance.accounts.leaving import disable
from appliance.accounts.models import ApiToken, OAuthGrant, User
from appliance.accounts.tokens import hash_of, revoke_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from indexer.models import Source
from tests.appliance.web.mcp.conftest import values

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
WAITS_AT = "http://127.0.0.1:41999/callback"


Results = list[CallToolResult]
T = TypeVar("T")


def in_a_thread(work: Callable[[], T]) -> T:
    """Do work that reads the database, and leave no connection behind."""
    try:
        return work()
    finally:
        connections.close_all()


class Kept:
    """What a program keeps on its disk: the SDK's interface for it."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.program: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.program

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.program = client_info


class Program:
    """An editor with the SDK's client, and its person beside it, who lets it in when asked."""

    def __init__(self, address: str, person: User, *rights: str) -> None:
        self.address = address
        self.kept = Kept()
        self.asked = 0  # how often its person had to answer
        self.rights = rights or ("read", "ask")
        self._browser = Browser(HTTP_HOST=urlsplit(address).netloc)
        self._browser.force_login(person)
        self._sent_to = ""

    def call(self, tool: str) -> CallToolResult:
        return self.calls(tool)[-1]

    def calls(self, *tools: str, between: Callable[[], object] = lambda: None) -> Results:
        """Call tools one after the other; each access token is over when the next is called."""

        async def run() -> Results:
            made = []
            auth = self._auth()
            async with httpx2.AsyncClient(auth=auth, timeout=120) as http:
                transport = streamable_http_client(f"{self.address}/mcp", http_client=http)
                async with Client(transport) as client:
                    for tool in tools:
                        made.append(await client.call_tool(tool, {}))
                        await sync_to_async(in_a_thread)(between)
                        auth.context.token_expiry_time = time.time() - 1
            return made

        return asyncio.run(run())

    def _auth(self) -> OAuthClientProvider:
        about = OAuthClientMetadata(client_name="Quill", redirect_uris=[AnyUrl(WAITS_AT)])
        return OAuthClientProvider(
            f"{self.address}/mcp", about, self.kept, self._open_browser, self._come_back
        )

    async def _open_browser(self, address: str) -> None:
        self._sent_to = await sync_to_async(in_a_thread)(lambda: self._decide(address))

    def _decide(self, address: str) -> str:
        self.asked += 1
        shown = self._browser.get(address)
        assert b"Let Quill in?" in shown.content
        assert (
            "form-action 'self' http://127.0.0.1:41999" in shown.headers["Content-Security-Policy"]
        )
        answer = {"decision": "allow", "rights": list(self.rights), "days": "30"}
        return self._browser.post(address, answer).headers["Location"]

    async def _come_back(self) -> AuthorizationCodeResult:
        assert self._sent_to.startswith(WAITS_AT)
        told = {name: found[0] for name, found in parse_qs(urlsplit(self._sent_to).query).items()}
        return AuthorizationCodeResult(**told)


def test_a_program_asks_its_person_and_reads_what_they_read(
    address: str, shop: Source, pay: Source, reader: User, outsider: User
) -> None:
    program = Program(address, reader)
    assert [one["name"] for one in values(program.call("list_sources"))["sources"]] == ["shop"]
    assert values(program.call("list_sources"))["sources"] != []
    assert program.asked == 1
    token = ApiToken.objects.get()
    assert (token.user, token.name, sorted(token.rights)) == (reader, "Quill", ["ask", "read"])
    assert Event.objects.filter(action=Action.TOKEN_CREATED, actor_id=reader.pk).count() == 1
    other = Program(address, outsider)
    assert values(other.call("list_sources"))["sources"] == []


def test_a_token_is_renewed_without_asking_again(address: str, shop: Source, reader: User) -> None:
    def lapse() -> None:
        OAuthGrant.objects.update(access_ends_at=timezone.now() - timedelta(seconds=1))

    program = Program(address, reader)
    results = program.calls("list_sources", "list_sources", "list_sources", between=lapse)
    assert [one.is_error for one in results] == [False, False, False]
    assert program.asked == 1
    token = ApiToken.objects.get()
    assert program.kept.tokens is not None
    assert token.hash == hash_of(program.kept.tokens.access_token)
    renewed = Event.objects.filter(action=Action.TOKEN_RENEWED, actor_id=reader.pk)
    assert renewed.count() == 2


def test_less_may_be_granted_than_was_asked_for(address: str, shop: Source, reader: User) -> None:
    program = Program(address, reader, "ask")
    result = program.call("list_sources")
    assert result.is_error
    assert "lacks the right read" in str(result.content)


@pytest.mark.parametrize("ended", ["revoked", "left"])
def test_it_ends_with_its_token_and_with_its_person(
    ended: str, address: str, shop: Source, reader: User
) -> None:
    program = Program(address, reader)
    program.call("list_sources")
    if ended == "left":
        disable(reader, by="directory")
    else:
        revoke_token(ApiToken.objects.select_related("user").get(), by=reader)
    assert program.kept.tokens is not None
    held = program.kept.tokens
    assert httpx2.post(f"{address}/mcp", headers=bearer(held.access_token)).status_code == 401
    again = httpx2.post(f"{address}/api/v1/oauth/token", data=renewal(program))
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def renewal(program: Program) -> dict[str, str]:
    assert program.kept.tokens is not None
    assert program.kept.program is not None
    return {
        "grant_type": "refresh_token",
        "refresh_token": program.kept.tokens.refresh_token or "",
        "client_id": program.kept.program.client_id,
    }
