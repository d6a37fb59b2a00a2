"""The API behind a token: C16 of the security suites, and what a token may and may not read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts import refusals
from appliance.accounts.glass import open_glass
from appliance.accounts.models import ApiToken, TokenRight, User
from appliance.accounts.tokens import create_token, revoke_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant
from indexer.models import Source
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

Get = Callable[..., Any]
SEARCH = "/api/v1/search?q=add_item"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", {"cart.py": "def add_item(cart):\n    return cart\n"})


@pytest.fixture
def pay(source_factory: SourceFactory) -> Source:
    return source_factory("pay", {"pay.py": "def add_item(bill):\n    return bill\n"}, grant=None)


@pytest.fixture
def get(client: Client) -> Get:
    def ask(path: str, text: str, **headers: str) -> Any:
        return client.get(path, headers={"Authorization": f"Bearer {text}", **headers})

    return ask


def token_of(user: User, **more: Any) -> str:
    asked = {"name": "editor", "rights": [TokenRight.READ], "by": user, **more}
    return create_token(user, **asked).text


def sources_in(response: Any) -> set[str]:
    assert response.status_code == 200, response.content
    return {hit["source"] for hit in response.json()["hits"]}


def test_a_token_reads_what_its_person_reads_now(
    get: Get, shop: Source, pay: Source, reader: User, outsider: User, staff: User
) -> None:
    for person, found in ((reader, {"shop"}), (outsider, set()), (staff, set())):
        text = token_of(person)
        assert sources_in(get(SEARCH, text)) == found
        me = get("/api/v1/me", text).json()
        assert (me["user"], set(me["sources"])) == (person.username, found)
    text = token_of(reader)
    Grant.objects.all().delete()
    assert sources_in(get(SEARCH, text)) == set()


def test_a_restricted_token_never_reads_more_than_its_sources(
    get: Get, shop: Source, pay: Source, reader: User
) -> None:
    set_grant("readers", pay)
    text = token_of(reader, sources=[pay])
    assert sources_in(get(SEARCH, text)) == {"pay"}
    hidden = get(SEARCH + "&source=shop", text)
    absent = get(SEARCH + "&source=none", text)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content.replace(b"shop", b"none") == absent.content
    pay.delete()  # its last source goes: it must not become a token without a restriction
    assert sources_in(get(SEARCH, text)) == set()


def test_emergency_access_is_for_people_and_not_for_their_programs(
    get: Get, shop: Source, staff: User
) -> None:
    open_glass(staff, "the night of the outage")
    assert sources_in(get(SEARCH, token_of(staff))) == set()


def test_a_token_is_for_what_it_was_made_for(get: Get, shop: Source, reader: User) -> None:
    response = get(SEARCH, token_of(reader, rights=[TokenRight.ASK]))
    assert response.status_code == 403
    assert "lacks the right read" in response.json()["detail"]


def test_no_token_no_answer(
    client: Client, get: Get, shop: Source, reader: User, caplog: pytest.LogCaptureFixture
) -> None:
    text = token_of(reader)
    refused = [client.get(SEARCH)]
    refused += [client.get(SEARCH, headers={"Authorization": f"Basic {text}"})]
    refused += [get(SEARCH, bad) for bad in ("x", text[:-1], text + "A", "é" * 20, "A" * 10_000)]
    ApiToken.objects.update(expires_at=timezone.now())
    refused.append(get(SEARCH, text))
    for response in refused:
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response.content == refused[0].content
    # A path that is not there says no more than one that is.
    assert client.get("/api/v1/none").content == refused[0].content


def test_a_revoked_token_is_refused_at_the_next_request(
    get: Get, shop: Source, reader: User
) -> None:
    new = create_token(reader, name="x", rights=[TokenRight.READ], by=reader)
    assert get(SEARCH, new.text).status_code == 200
    revoke_token(new.token, by=reader)
    assert get(SEARCH, new.text).status_code == 401


def test_a_session_opens_no_api_and_a_token_no_page(
    client: Client, get: Get, shop: Source, reader: User
) -> None:
    text = token_of(reader)
    page = client.get("/search/?q=add_item", headers={"Authorization": f"Bearer {text}"})
    assert (page.status_code, page["Location"].split("?")[0]) == (302, "/accounts/login/")
    client.force_login(reader)
    assert client.get(SEARCH).status_code == 400
    both = get(SEARCH, text)
    assert both.status_code == 400
    assert "without a session" in both.json()["detail"]


def test_what_uses_a_token_leaves_no_session(get: Get, shop: Source, reader: User) -> None:
    response = get(SEARCH, token_of(reader))
    assert not response.cookies
    token = ApiToken.objects.get()
    assert (token.last_used_address, token.last_used_at is None) == ("127.0.0.1", False)


def test_tokens_stand_in_no_log_and_no_record(
    get: Get, shop: Source, reader: User, caplog: pytest.LogCaptureFixture
) -> None:
    text = token_of(reader)
    unknown = "plumb_" + "Z" * 43
    with caplog.at_level(logging.DEBUG):
        get(SEARCH, text)
        get(SEARCH, unknown)
        get("/api/v1/search", text)
    records = " ".join(str(event.details) + event.object_name for event in Event.objects.all())
    for secret in (text, text[12:], unknown, unknown[12:]):
        assert secret not in caplog.text + records


def test_refusals_are_recorded_but_fill_no_record(
    client: Client, get: Get, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        get(SEARCH, "plumb_wrong")
    client.get(SEARCH)  # without a token: that is no attempt with one
    refused = Event.objects.filter(action=Action.TOKEN_REFUSED)
    assert [(e.outcome, e.actor_id, e.details) for e in refused] == [
        ("denied", None, {"reason": "unknown"})
    ]
    new = create_token(reader, name="x", rights=[TokenRight.READ], by=reader)
    revoke_token(new.token, by=reader)
    get(SEARCH, new.text)
    assert refused.get(actor_id=reader.pk).details == {"reason": "revoked"}
    monkeypatch.setattr(refusals, "MOST_RECORDED", 3)
    for number in range(9):
        client.get(SEARCH, headers={"Authorization": "Bearer x"}, REMOTE_ADDR=f"10.0.0.{number}")
    assert refused.filter(object_kind="").count() == 3
    monkeypatch.setattr(refusals, "RECORDED_WITHIN", timedelta(0))  # as if a minute had passed
    get(SEARCH, "plumb_wrong")
    assert refused.filter(object_kind="").count() == 4


@pytest.mark.parametrize(
    "query",
    ["", "?q=", "?q=%00", "?q=x&limit=0", "?q=x&limit=101", "?q=x&limit=y", "?q=x&ref=none",
     "?q=" + "x" * 2001],
)  # fmt: skip
def test_what_makes_no_sense_is_told_so(query: str, get: Get, shop: Source, reader: User) -> None:
    response = get("/api/v1/search" + query, token_of(reader))
    assert response.status_code == (404 if query.endswith("ref=none") else 422)
    assert response.json()["detail"]
    assert response["Content-Type"] == "application/problem+json"


def test_other_methods_are_refused(client: Client, reader: User) -> None:
    text = token_of(reader)
    response = client.post("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert response.status_code == 405
