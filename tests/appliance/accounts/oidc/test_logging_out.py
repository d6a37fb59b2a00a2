"""A provider ends sessions from afar: OpenID Connect Back-Channel Logout 1.0, section 2.6."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.http import HttpResponse
from django.test import Client

from appliance.accounts.models import Directory, User
from appliance.audit.models import Event
from tests.appliance.accounts.oidc.conftest import sign_in
from tests.identity.hostile import OTHER_KEY, HostileProvider, sign

pytestmark = [pytest.mark.services, pytest.mark.django_db]

EVENT: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}
numbers = iter(range(10_000))


def logout_claims(provider: HostileProvider, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        **{"iss": provider.issuer, "aud": "plumbline", "iat": now, "exp": now + 120},
        **{"jti": f"number {next(numbers)}", "events": EVENT, "sub": "subject-1"},
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def post(token: str, slug: str = "acme") -> HttpResponse:
    """Post as the provider does: another machine, without a cookie, with checks for forgery on."""
    sent = {"logout_token": token}
    return Client(enforce_csrf_checks=True).post(f"/accounts/oidc/{slug}/logout/", sent)  # type: ignore[return-value]


def signed_in(provider: HostileProvider, sub: str, sid: str) -> Client:
    browser = Client()
    provider.claims = {"sub": sub, "sid": sid, "preferred_username": sub}
    assert sign_in(browser, provider, code=f"code {sid}").status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def test_a_session_is_ended_by_its_number_and_no_other(
    directory: Directory, provider: HostileProvider
) -> None:
    one, other = signed_in(provider, "ana", "s1"), signed_in(provider, "ana", "s2")

    answer = post(sign(logout_claims(provider, sub=None, sid="s1")))

    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    assert not is_in(one)
    assert is_in(other)
    ended = Event.objects.get(action="session.revoked")
    assert (ended.actor, ended.object_name) == ("directory acme", "ana")


@pytest.mark.parametrize("kind", ["logout+jwt", "JWT"])
def test_kinds_of_logout_tokens(directory: Directory, provider: HostileProvider, kind: str) -> None:
    token = sign(logout_claims(provider), headers={"kid": "one", "typ": kind})
    assert post(token).status_code == 200


def test_all_sessions_of_a_person_are_ended_and_nobody_elses(
    directory: Directory, provider: HostileProvider
) -> None:
    first, second = signed_in(provider, "ana", "s1"), signed_in(provider, "ana", "s2")
    ben = signed_in(provider, "ben", "s3")

    assert post(sign(logout_claims(provider, sub="ana"))).status_code == 200

    assert [is_in(one) for one in (first, second, ben)] == [False, False, True]
    assert User.objects.get(username="ana").is_active


def test_a_number_and_a_person_must_fit_each_other(
    directory: Directory, provider: HostileProvider
) -> None:
    ana = signed_in(provider, "ana", "s1")
    assert post(sign(logout_claims(provider, sub="ben", sid="s1"))).status_code == 200
    assert is_in(ana)


def test_who_came_by_another_way_stays(
    directory: Directory, provider: HostileProvider, client: Client, reader: User
) -> None:
    client.force_login(reader)
    assert is_in(client)
    assert post(sign(logout_claims(provider, sub=str(reader.pk)))).status_code == 200
    assert post(sign(logout_claims(provider, sub=None, sid=""))).status_code == 400
    assert is_in(client)
    assert UserSession.objects.get().user == reader


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "signed with another key": ({}, {"key": OTHER_KEY}),
    "unsigned": ({}, {"key": None, "algorithm": "none"}),
    "HS256": ({}, {"key": "plumbline" * 8, "algorithm": "HS256"}),
    "a key that is not published": ({}, {"headers": {"kid": "two"}}),
    "of another kind": ({}, {"headers": {"kid": "one", "typ": "at+jwt"}}),
    "another issuer": ({"iss": "https://evil.example"}, {}),
    "another client": ({"aud": "another"}, {}),
    "expired": ({"iat": 1, "exp": 120}, {}),
    "without an end": ({"exp": None}, {}),
    "good for a year": ({"exp": int(time.time()) + 365 * 86400}, {}),
    "without a number": ({"jti": None}, {}),
    "with an empty number": ({"jti": ""}, {}),
    "an ID token": ({"events": None}, {}),
    "another event": ({"events": {"http://schemas.openid.net/event/other": {}}}, {}),
    "an event that is no object": ({"events": {next(iter(EVENT)): True}}, {}),
    "with a nonce": ({"nonce": "n"}, {}),
    "about nobody": ({"sub": None}, {}),
    "about a list": ({"sub": ["ana"]}, {}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_logout_token_ends_nothing(
    directory: Directory, provider: HostileProvider, wrong: str
) -> None:
    ana = signed_in(provider, "subject-1", "s1")
    changes, signing = WRONG[wrong]

    answer = post(sign(logout_claims(provider, **changes), **signing))

    assert answer.status_code == 400
    assert b"invalid_request" in answer.content
    assert is_in(ana)
    assert Event.objects.filter(action="token.refused", object_name="Acme").count() == 1


@pytest.mark.parametrize("token", ["", "not.a.token", "x" * 20_000, "\0", "é.é.é"])
def test_what_is_no_token_asks_the_provider_nothing(
    directory: Directory, provider: HostileProvider, token: str
) -> None:
    assert post(token).status_code == 400
    assert provider.authorizations == {}


def test_a_logout_token_counts_once(directory: Directory, provider: HostileProvider) -> None:
    token = sign(logout_claims(provider, sub="ana"))
    signed_in(provider, "ana", "s1")
    assert post(token).status_code == 200
    again = signed_in(provider, "ana", "s2")

    assert post(token).status_code == 400

    assert is_in(again)
    refused = Event.objects.get(action="token.refused")
    assert refused.details["reason"].startswith("replay")


def test_a_directory_that_is_off_or_not_there_hears_nothing(
    directory: Directory, provider: HostileProvider
) -> None:
    token = sign(logout_claims(provider))
    assert post(token, slug="nobody").status_code == 404
    Directory.objects.update(is_enabled=False)
    assert post(token).status_code == 404


def test_only_posts_are_heard(directory: Directory, client: Client) -> None:
    assert client.get("/accounts/oidc/acme/logout/").status_code == 405
