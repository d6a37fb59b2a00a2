"""Sign-in of a program by code: both sides, its misuse, and what the record keeps."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts import device_codes
from appliance.accounts.models import ApiToken, DeviceSignIn, User
from appliance.audit.actions import Action
from appliance.audit.errors import NotRecorded
from appliance.audit.models import Event

pytestmark = [pytest.mark.services, pytest.mark.django_db]

BEGIN, TOKEN = "/api/v1/device", "/api/v1/device/token"
ALLOW = {"decision": "allow", "rights": ["read", "ask"], "days": "30"}


@pytest.fixture
def program() -> Client:
    return Client(enforce_csrf_checks=True, REMOTE_ADDR="10.1.2.3")


@pytest.fixture
def person(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def begun(program: Client, client: str = "plumbline on harbour") -> dict[str, Any]:
    response = program.post(BEGIN, {"client": client}, content_type="application/json")
    assert response.status_code == 200, response.content
    return dict(response.json())


def fetched(program: Client, codes: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Ask for the token, as if the program had waited as long as it was told to."""
    DeviceSignIn.objects.update(polled_at=None)
    response = program.post(
        TOKEN, {"device_code": codes["device_code"]}, content_type="application/json"
    )
    return response.status_code, response.json()


def decide(person: Client, codes: dict[str, Any], **given: Any) -> Any:
    return person.post("/device/decide/", {"code": codes["user_code"], **given})


def test_a_program_gets_a_token_of_who_lets_it_in(
    program: Client, person: Client, reader: User
) -> None:
    codes = begun(program)
    assert codes["verification_uri"] == "http://testserver/device/"
    assert codes["verification_uri_complete"].endswith(f"?code={codes['user_code']}")
    assert fetched(program, codes) == (400, {"error": "authorization_pending"})
    shown = person.post("/device/", {"code": codes["user_code"].lower().replace("-", " ")})
    for words in (b"plumbline on harbour", b"10.1.2.3", b"Did you start this yourself"):
        assert words in shown.content
    assert decide(person, codes, **ALLOW).status_code == 302
    status, given = fetched(program, codes)
    assert status == 200
    assert (given["token_type"], given["user"]) == ("Bearer", "reader")
    token = ApiToken.objects.get()
    assert (token.user, token.name, token.rights) == (
        reader,
        "plumbline on harbour",
        ["ask", "read"],
    )
    assert token.expires_at - timezone.now() < timedelta(days=30)
    me = program.get("/api/v1/me", headers={"Authorization": f"Bearer {given['access_token']}"})
    assert me.json()["user"] == "reader"
    made = Event.objects.get(action=Action.TOKEN_CREATED)
    assert (made.actor, made.address) == ("reader", "10.1.2.3")


def test_codes_are_worth_something_once(program: Client, person: Client) -> None:
    codes = begun(program)
    decide(person, codes, **ALLOW)
    assert fetched(program, codes)[0] == 200
    assert fetched(program, codes) == (400, {"error": "expired_token"})
    assert decide(person, codes, **ALLOW).status_code == 400
    assert ApiToken.objects.count() == 1


def test_no_code_stands_in_the_database_or_the_record(program: Client, person: Client) -> None:
    codes = begun(program)
    letters = codes["user_code"].replace("-", "")
    stored = json.dumps(list(DeviceSignIn.objects.values()), default=str)
    assert codes["device_code"] not in stored
    assert letters not in stored
    decide(person, codes, **ALLOW)
    text = fetched(program, codes)[1]["access_token"]
    recorded = json.dumps(list(Event.objects.values()), default=str)
    for secret in (codes["device_code"], codes["user_code"], letters, text):
        assert secret not in recorded


def test_who_is_turned_away_is_told_so(program: Client, person: Client) -> None:
    codes = begun(program)
    decide(person, codes, decision="refuse")
    assert fetched(program, codes) == (400, {"error": "access_denied"})
    refused = Event.objects.get(action=Action.TOKEN_REFUSED)
    assert (refused.actor, refused.details["reason"]) == ("reader", "device refused")
    assert not ApiToken.objects.exists()


def test_a_code_ends_after_ten_minutes(program: Client, person: Client) -> None:
    codes = begun(program)
    DeviceSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert decide(person, codes, **ALLOW).status_code == 400
    assert fetched(program, codes) == (400, {"error": "expired_token"})
    begun(program)
    assert DeviceSignIn.objects.count() == 1  # what has expired is forgotten


def test_a_program_that_asks_too_often_is_slowed_down(program: Client) -> None:
    codes = begun(program)
    asked = {"device_code": codes["device_code"]}
    errors = [program.post(TOKEN, asked).json()["error"] for _ in range(3)]
    assert errors == ["authorization_pending", "slow_down", "slow_down"]
    assert DeviceSignIn.objects.get().interval_s == 15


def test_an_address_may_begin_ten_times_a_minute(program: Client) -> None:
    for _ in range(device_codes.MOST_BEGUN):
        begun(program)
    response = program.post(BEGIN, {"client": "x"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    other = Client(REMOTE_ADDR="10.9.9.9")
    assert other.post(BEGIN, {"client": "x"}).status_code == 200


def test_a_person_may_guess_ten_times(program: Client, person: Client) -> None:
    codes = begun(program)
    for _ in range(device_codes.MOST_WRONG):
        assert person.post("/device/", {"code": "BBBB-BBBB"}).status_code == 400
    answer = person.post("/device/", {"code": codes["user_code"]})
    assert b"Too many wrong codes" in answer.content
    assert decide(person, codes, **ALLOW).status_code == 400
    assert fetched(program, codes) == (400, {"error": "authorization_pending"})


def test_two_people_cannot_let_the_same_program_in(
    program: Client, person: Client, owner: User
) -> None:
    codes = begun(program)
    decide(person, codes, **ALLOW)
    other = Client()
    other.force_login(owner)
    assert decide(other, codes, **ALLOW).status_code == 400
    assert fetched(program, codes)[1]["user"] == "reader"


def test_who_was_disabled_meanwhile_lets_nobody_in(
    program: Client, person: Client, reader: User
) -> None:
    codes = begun(program)
    decide(person, codes, **ALLOW)
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert fetched(program, codes) == (400, {"error": "access_denied"})
    assert not ApiToken.objects.exists()


def test_a_token_that_cannot_be_recorded_is_not_made(
    program: Client, person: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = begun(program)
    decide(person, codes, **ALLOW)

    def fails(*args: Any, **kwargs: Any) -> None:
        raise NotRecorded("no")

    monkeypatch.setattr("appliance.accounts.tokens.record", fails)
    with pytest.raises(NotRecorded):
        device_codes.fetch(codes["device_code"], person.get("/device/").wsgi_request)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"rights": ["read", "root"]},
        {"rights": []},
        {"days": "0"},
        {"days": "100000"},
        {"days": "x"},
        {"code": ""},
        {"code": "\0" * 8},
    ],
)
def test_what_was_not_offered_is_refused(
    given: dict[str, Any], program: Client, person: Client
) -> None:
    codes = begun(program)
    answer = person.post("/device/decide/", {"code": codes["user_code"], **ALLOW, **given})
    assert answer.status_code == 400
    assert DeviceSignIn.objects.get().user is None


def test_the_page_is_for_who_is_signed_in(program: Client, settings: Settings) -> None:
    assert program.get("/device/").status_code == 302
    csrf = Client(enforce_csrf_checks=True)
    assert csrf.post("/device/decide/", {"code": "x"}).status_code in {302, 403}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'{"device_code": 7}', b"\xff"])
def test_hostile_bodies_get_a_plain_answer(body: bytes, program: Client) -> None:
    answer = program.post(TOKEN, body, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"error": "expired_token"})
    name = program.post(BEGIN, {"client": "a\r\nb<script>" + "x" * 500})
    assert name.status_code == 200
    assert DeviceSignIn.objects.get().client.startswith("ab<script>")
    assert len(DeviceSignIn.objects.get().client) == 100
