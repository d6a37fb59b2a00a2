"""Signing in with OpenID Connect: who somebody becomes, and what is refused (C03, C04)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from django.test import Client

from appliance.accounts.models import Directory, Identity, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.oidc.conftest import begin, come_back, is_signed_in, sign_in
from tests.conftest import UserFactory
from tests.identity.hostile import (
    OTHER_KEY,
    HostileProvider,
    hostile_provider,
    jwks,
    public_pem,
    sign,
)

pytestmark = pytest.mark.services


def refusals() -> list[str]:
    events = Event.objects.filter(action=Action.SIGN_IN_FAILED)
    return [event.details["reason"] for event in events]


def test_first_sign_in_makes_a_person_with_their_groups(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    provider.claims = {"preferred_username": "ana", "email": "ana@acme.test", "groups": ["dev"]}

    response = sign_in(client, provider)

    assert response["Location"] == "/"
    ana = User.objects.get(username="ana")
    assert client.session["_auth_user_id"] == str(ana.pk)
    assert not ana.has_usable_password()
    assert list(ana.groups.values_list("name", flat=True)) == ["dev"]
    identity = Identity.objects.get(user=ana)
    assert (identity.subject, identity.attributes["email"]) == ("subject-1", "ana@acme.test")
    signed_in = Event.objects.get(action=Action.SIGNED_IN)
    assert signed_in.details == {"methods": ["socialaccount"], "directory": "acme"}
    assert Event.objects.filter(action=Action.PERSON_CREATED, object_name="ana").exists()


def test_next_sign_in_changes_the_groups_of_the_same_person(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    provider.claims = {"preferred_username": "ana", "groups": ["dev", "ops"]}
    sign_in(client, provider)
    client.logout()
    provider.claims = {"preferred_username": "renamed", "groups": ["ops", "leads"]}

    sign_in(client, provider, code="c2")

    ana = User.objects.get()
    assert ana.username == "ana"
    assert sorted(ana.groups.values_list("name", flat=True)) == ["leads", "ops"]


def test_what_only_userinfo_tells_counts_and_the_token_comes_first(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    provider.claims = {"email": "signed@acme.test"}
    provider.userinfo = {
        "sub": "subject-1",
        "preferred_username": "bo",
        "email": "beside@acme.test",
        "groups": [{"name": "dev"}],
    }

    sign_in(client, provider)

    bo = User.objects.get(username="bo")
    assert bo.email == "signed@acme.test"
    assert list(bo.groups.values_list("name", flat=True)) == ["dev"]


def test_the_way_back_is_kept_and_never_leads_elsewhere(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    for wanted, led_to in (("/search/?q=a", "/search/?q=a"), ("https://evil.test/", "/")):
        asked = begin(client, provider, next=wanted)
        response = come_back(client, code=wanted, state=asked["state"])
        assert response["Location"] == led_to


def test_request_proves_itself_by_pkce_whatever_the_browser_asks(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    asked = begin(client, provider, scope="admin", auth_params="prompt=none", process="connect")

    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 32
    assert sorted(asked["scope"].split()) == ["email", "openid", "profile"]
    assert "prompt" not in asked
    assert asked["redirect_uri"] == "http://testserver/accounts/oidc/acme/callback/"
    come_back(client, code="c1", state=asked["state"])
    path, given = provider.asked[-1]
    assert path == "/token"
    assert given["redirect_uri"] == asked["redirect_uri"]
    assert "client_secret" not in given


def unsigned(provider: HostileProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", algorithm="none", headers={"kid": "one"})


def signed_with_the_public_key(provider: HostileProvider, claims: dict[str, Any]) -> str:
    """Sign as if the provider's public key were a shared secret."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    body = f"{part({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{part(claims)}"
    mac = hmac.new(public_pem(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def changed(**values: Any) -> Any:
    def forge(provider: HostileProvider, claims: dict[str, Any]) -> str:
        changed_claims = {k: v for k, v in (claims | values).items() if v is not None}
        return sign(changed_claims)

    return forge


FORGED: dict[str, tuple[Any, str]] = {
    "alg none": (unsigned, "signed with none"),
    "HS256 with the public key": (signed_with_the_public_key, "signed with HS256"),
    "HS256 with the client secret": (
        lambda p, c: sign(c, key="plumbline" * 8, algorithm="HS256"),
        "signed with HS256",
    ),
    "another key": (lambda p, c: sign(c, key=OTHER_KEY), "Signature verification failed"),
    "a key that is not published": (lambda p, c: sign(c, headers={"kid": "two"}), "not publish"),
    "no token": (lambda p, c: "", "not valid"),
    "not a token": (lambda p, c: "not.a.token", "not valid"),
    "a long token": (lambda p, c: sign(c) + "A" * 70_000, "too long"),
    "another nonce": (changed(nonce="another"), "nonce"),
    "no nonce": (changed(nonce=None), "nonce"),
    "another audience": (changed(aud="somebody-else"), "Audience"),
    "two audiences": (changed(aud=["plumbline", "other"]), "several clients"),
    "another client": (changed(azp="other"), "another client"),
    "another issuer": (changed(iss="https://other.test"), "issuer"),
    "expired": (changed(exp=int(time.time()) - 600), "expired"),
    "without an end": (changed(exp=None), "exp"),
    "of tomorrow": (changed(iat=int(time.time()) + 86_400), "not yet valid"),
    "an empty subject": (changed(sub=""), "does not say who"),
    "no subject": (changed(sub=None), "sub"),
}


@pytest.mark.parametrize("case", FORGED)
def test_token_that_proves_nothing_is_refused(
    client: Client, directory: Directory, provider: HostileProvider, case: str
) -> None:
    provider.forge, reason = FORGED[case]

    response = sign_in(client, provider)

    assert response.status_code == 403
    assert not is_signed_in(client)
    assert not User.objects.exists()
    (recorded,) = refusals()
    assert reason.lower() in recorded.lower()
    assert recorded not in response.content.decode()


def test_unknown_used_or_foreign_state_is_refused(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    asked = begin(client, provider)

    assert come_back(client, code="c1").status_code == 403
    assert come_back(client, code="c1", state="x" * 16).status_code == 403
    assert come_back(Client(), code="c1", state=asked["state"]).status_code == 403
    assert not provider.asked
    assert come_back(client, code="c1", state=asked["state"]).status_code == 302
    again = Client()
    assert come_back(client, code="c2", state=asked["state"]).status_code == 403
    assert not is_signed_in(again)
    assert len(refusals()) == 4


def test_code_is_good_once(client: Client, directory: Directory, provider: HostileProvider) -> None:
    sign_in(client, provider, code="once")
    client.logout()

    response = sign_in(client, provider, code="once")

    assert response.status_code == 403
    assert "invalid_grant" in refusals()[-1]


def test_code_without_its_proof_is_refused_by_the_provider(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    asked = begin(client, provider)
    provider.challenge = "a-challenge-of-another-browser"

    assert come_back(client, code="c1", state=asked["state"]).status_code == 403
    assert not is_signed_in(client)


def test_error_of_the_provider_is_told_in_words(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    asked = begin(client, provider)
    cancelled = come_back(client, error="access_denied", state=asked["state"])
    asked = begin(client, provider)
    failed = come_back(client, error="<script>alert(1)</script>", state=asked["state"])

    assert cancelled.status_code == failed.status_code == 403
    assert b"You left the sign-in" in cancelled.content
    assert b"<script>alert" not in failed.content
    assert refusals() == ["cancelled", "<script>alert(1)</script>"]


def test_two_providers_are_not_mixed_up(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    with hostile_provider() as evil:
        kept = directory.settings | {"issuer": evil.issuer}
        Directory.objects.create(
            name="Evil", slug="evil", kind="oidc", is_enabled=True, settings=kept
        )
        asked = begin(client, provider)
        at_the_other = come_back(client, "evil", code="c1", state=asked["state"])
        named = come_back(client, code="c1", state=asked["state"], iss=evil.issuer)
        provider.overrides = {"authorization_response_iss_parameter_supported": True}
        asked = begin(client, provider)
        unnamed = come_back(client, code="c1", state=asked["state"])
        asked = begin(client, provider)
        right = come_back(client, code="c1", state=asked["state"], iss=provider.issuer)

        assert [r.status_code for r in (at_the_other, named, unnamed)] == [403] * 3
        assert right.status_code == 302
        assert not evil.asked
        assert len(provider.asked) == 1


def test_userinfo_about_somebody_else_is_refused(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    provider.userinfo = {"sub": "the-admin", "preferred_username": "root"}

    assert sign_in(client, provider).status_code == 403
    assert not User.objects.exists()


LEADING_ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"issuer": "https://other.test"}, "issuer"),
    "another host": ({"token_endpoint": "https://other.test/token"}, "further hosts"),
    "a host without TLS": ({"jwks_uri": "http://169.254.169.254/keys"}, "https://"),
    "a file": ({"jwks_uri": "file:///etc/passwd"}, "cannot be used"),
    "no endpoint": ({"token_endpoint": None}, "token_endpoint"),
    "no keys": ({"jwks_uri": None}, "no keys"),
}


@pytest.mark.parametrize("case", LEADING_ELSEWHERE)
def test_description_that_leads_elsewhere_is_refused(
    client: Client, directory: Directory, provider: HostileProvider, case: str
) -> None:
    provider.overrides, reason = LEADING_ELSEWHERE[case]

    response = client.get("/accounts/oidc/acme/login/")

    assert response.status_code == 502
    assert reason in refusals()[0]


def test_description_and_keys_from_a_file_need_no_discovery(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    directory.settings["metadata"] = provider.metadata() | {"jwks": jwks(), "jwks_uri": None}
    directory.save()
    provider.overrides = {"issuer": "nobody asks any more"}

    assert sign_in(client, provider).status_code == 302


@pytest.mark.parametrize(("field", "value"), [("username", "ana"), ("email", "ana@acme.test")])
def test_nobody_is_linked_by_a_name_or_an_address(
    client: Client,
    directory: Directory,
    provider: HostileProvider,
    user_factory: UserFactory,
    field: str,
    value: str,
) -> None:
    victim = user_factory("ana" if field == "username" else "someone", email="ana@acme.test")
    provider.claims = {
        "preferred_username": "ANA" if field == "username" else "mallory",
        "email": value.upper() if field == "email" else "",
        "email_verified": True,
    }

    sign_in(client, provider)

    assert client.session["_auth_user_id"] != str(victim.pk)
    new = User.objects.get(pk=client.session["_auth_user_id"])
    assert new.username.casefold() != "ana"
    refused = Event.objects.get(action=Action.LINK_REFUSED)
    assert (refused.object_id, refused.outcome) == (str(victim.pk), "denied")
    assert refused.details["account"] == new.username


def test_two_directories_never_share_a_person(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    with hostile_provider() as other:
        kept = directory.settings | {"issuer": other.issuer}
        Directory.objects.create(name="B", slug="b", kind="oidc", is_enabled=True, settings=kept)
        claims = {"preferred_username": "ana", "email": "ana@acme.test"}
        provider.claims, other.claims = claims, claims
        sign_in(client, provider)
        first = client.session["_auth_user_id"]
        asked = begin(client, other, "b")
        come_back(client, "b", code="c1", state=asked["state"])

        assert client.session["_auth_user_id"] != first
        assert Event.objects.filter(action=Action.LINK_REFUSED).exists()


def provision(directory: Directory, user: User, **fields: str) -> Identity:
    return Identity.objects.create(directory=directory, user=user, **fields)


def test_somebody_whom_scim_brought_is_recognised_by_the_chosen_attribute(
    client: Client, directory: Directory, provider: HostileProvider, user_factory: UserFactory
) -> None:
    ana = user_factory("ana")
    provision(directory, ana, external_id="emp-7")
    directory.settings |= {"match_attribute": "employee", "match_field": "external_id"}
    directory.save()
    provider.claims = {"employee": "emp-7"}

    sign_in(client, provider)

    assert client.session["_auth_user_id"] == str(ana.pk)
    assert Identity.objects.get().subject == "subject-1"


def test_a_second_subject_with_the_same_attribute_is_refused(
    client: Client, directory: Directory, provider: HostileProvider, user_factory: UserFactory
) -> None:
    provision(directory, user_factory("ana"), external_id="emp-7", subject="first")
    directory.settings |= {"match_attribute": "employee", "match_field": "external_id"}
    directory.save()
    provider.claims = {"employee": "emp-7"}

    response = sign_in(client, provider)

    assert response.status_code == 403
    assert User.objects.count() == 1
    assert Event.objects.get(action=Action.LINK_REFUSED).details["reason"] == "matched_another"


def test_disabled_people_and_unknown_people_get_no_further(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    sign_in(client, provider)
    client.logout()
    User.objects.update(is_active=False)
    disabled = sign_in(client, provider, code="c2")
    directory.creates_people = False
    directory.save()
    provider.claims = {"sub": "subject-2"}
    unknown = sign_in(client, provider, code="c3")

    assert b"switched off" in disabled.content
    assert b"no account here" in unknown.content
    assert refusals() == ["disabled", "unknown"]
    assert User.objects.count() == 1


def test_a_directory_that_is_not_enabled_does_not_exist(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    asked = begin(client, provider)
    directory.is_enabled = False
    directory.save()

    assert client.get("/accounts/oidc/acme/login/").status_code == 404
    assert come_back(client, code="c1", state=asked["state"]).status_code == 404
    assert client.get("/accounts/oidc/nobody/login/").status_code == 404
