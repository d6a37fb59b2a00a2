"""Sign-in of programs by OAuth: the protocol's rules, its misuse, and hostile programs."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import ApiToken, OAuthCode, OAuthGrant, OAuthProgram, User
from appliance.accounts.oauth.redirects import is_allowed, is_one_of
from appliance.audit.actions import Action, Outcome
from appliance.audit.models import Event

pytestmark = [pytest.mark.services, pytest.mark.django_db]

REGISTER, TOKEN, REVOKE = (f"/api/v1/oauth/{one}" for one in ("register", "token", "revoke"))
WAITS_AT = "http://127.0.0.1:41999/callback"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@pytest.fixture
def program() -> Client:
    return Client(enforce_csrf_checks=True, REMOTE_ADDR="10.1.2.3")


@pytest.fixture
def person(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def registered(program: Client, *uris: Any, **more: Any) -> Any:
    fields = {"client_name": "Quill", "redirect_uris": list(uris or (WAITS_AT,)), **more}
    return program.post(REGISTER, fields, content_type="application/json")


def known(program: Client, *uris: str) -> str:
    response = registered(program, *uris)
    assert response.status_code == 201, response.content
    return str(response.json()["client_id"])


def asks(client_id: str, **more: Any) -> dict[str, Any]:
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": WAITS_AT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "s&t=1",
        **more,
    }


def answered(person: Client, asked: dict[str, Any], **given: Any) -> Any:
    answer = {"decision": "allow", "rights": ["read", "ask"], "days": "30", **given}
    query = Client().get("/", asked).request["QUERY_STRING"]
    return person.post(f"/oauth/authorize/?{query}", answer)


def told(response: Any) -> dict[str, str]:
    """Return what the program learns by where the browser is sent."""
    assert response.status_code == 302, response.content
    query = urlsplit(response.headers["Location"]).query
    return {name: found[0] for name, found in parse_qs(query).items()}


def let_in(program: Client, person: Client) -> tuple[str, str]:
    client_id = known(program)
    given = told(answered(person, asks(client_id)))
    assert (given["state"], given["iss"]) == ("s&t=1", "http://testserver")
    return client_id, given["code"]


def exchange(program: Client, client_id: str, code: str, **more: Any) -> Any:
    return program.post(
        TOKEN,
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": WAITS_AT,
            "code_verifier": VERIFIER,
            **more,
        },
    )


def renew(program: Client, client_id: str, refresh: str) -> Any:
    return program.post(
        TOKEN,
        {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh},
    )


def at_mcp(program: Client, access: str) -> int:
    """Return what the middleware in front of MCP says; there is no page of Django's behind it."""
    return program.post("/mcp", headers={"Authorization": f"Bearer {access}"}).status_code


class TestAskingAndGiving:
    def test_a_code_is_changed_for_a_token_of_its_person(
        self, program: Client, person: Client, reader: User
    ) -> None:
        client_id, code = let_in(program, person)
        response = exchange(program, client_id, code)
        given = response.json()
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, no-store"
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
        assert set(given["scope"].split()) == {"read", "ask"}
        token = ApiToken.objects.get()
        assert (token.user, token.name, token.state) == (reader, "Quill", "active")
        assert token.expires_at - timezone.now() < timedelta(days=30)
        assert at_mcp(program, given["access_token"]) == 404  # let in
        assert at_mcp(program, given["refresh_token"]) == 401

    def test_the_token_opens_mcp_alone(self, program: Client, person: Client) -> None:
        client_id, code = let_in(program, person)
        access = exchange(program, client_id, code).json()["access_token"]
        for address in ("/api/v1/me", "/v1/models"):
            refused = program.get(address, headers={"Authorization": f"Bearer {access}"})
            assert refused.status_code == 401, address

    def test_its_person_is_asked_to_sign_in_first(self, program: Client) -> None:
        response = program.get("/oauth/authorize/", asks(known(program)))
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/?next=/oauth/authorize/")

    def test_who_is_turned_away_hears_so(self, program: Client, person: Client) -> None:
        given = told(answered(person, asks(known(program)), decision="refuse"))
        assert (given["error"], given["state"]) == ("access_denied", "s&t=1")
        assert "code" not in given
        refused = Event.objects.get(action=Action.TOKEN_REFUSED)
        assert refused.outcome == Outcome.DENIED
        assert not OAuthCode.objects.exists()

    def test_what_was_not_asked_for_is_not_given(self, program: Client, person: Client) -> None:
        asked = asks(known(program), scope="read")
        assert b"Ask questions" not in person.get("/oauth/authorize/", asked).content
        assert answered(person, asked).status_code == 400
        assert answered(person, asked, rights=["read"]).status_code == 302
        assert OAuthCode.objects.get().rights == ["read"]

    def test_the_days_have_a_limit(self, program: Client, person: Client) -> None:
        response = answered(person, asks(known(program)), days="9999")
        assert response.status_code == 400
        assert b"At most 365 days." in response.content

    def test_a_form_of_another_site_lets_nobody_in(self, program: Client, reader: User) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(reader)
        assert answered(browser, asks(known(program))).status_code == 403
        assert not OAuthCode.objects.exists()

    def test_a_program_has_one_token_of_a_person(self, program: Client, person: Client) -> None:
        client_id, code = let_in(program, person)
        exchange(program, client_id, code)
        again = told(answered(person, asks(client_id)))["code"]
        exchange(program, client_id, again)
        assert sorted(one.state for one in ApiToken.objects.all()) == ["active", "revoked"]

    def test_where_to_ask_is_told(self, program: Client) -> None:
        refused = program.post("/mcp")
        header = refused.headers["WWW-Authenticate"]
        page = "http://testserver/.well-known/oauth-protected-resource/mcp"
        assert f'resource_metadata="{page}"' in header
        resource = program.get(page).json()
        assert resource["resource"] == "http://testserver/mcp"
        assert program.get("/.well-known/oauth-protected-resource").json() == resource
        server = program.get("/.well-known/oauth-authorization-server").json()
        assert [server["issuer"]] == resource["authorization_servers"]
        assert server["code_challenge_methods_supported"] == ["S256"]
        for name in ("authorization", "token", "registration", "revocation"):
            answer = program.get(urlsplit(server[f"{name}_endpoint"]).path)
            assert answer.status_code in {302, 405}, name


class TestCodes:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"code_verifier": "w" * 64},
            {"code_verifier": ""},
            {"redirect_uri": "http://127.0.0.1:41998/callback"},
            {"client_id": "0" * 32},
            {"code": "made-up"},
            {"grant_type": "password"},
            {"grant_type": "client_credentials"},
            {"resource": "https://elsewhere.example/mcp"},
        ],
    )
    def test_a_code_is_of_use_to_its_own_program_alone(
        self, wrong: dict[str, str], program: Client, person: Client
    ) -> None:
        client_id, code = let_in(program, person)
        response = exchange(program, **{"client_id": client_id, "code": code, **wrong})
        assert response.status_code in {400, 401}
        assert "access_token" not in response.json()
        assert not ApiToken.objects.exists()

    def test_another_program_cannot_use_it(self, program: Client, person: Client) -> None:
        _, code = let_in(program, person)
        assert exchange(program, known(program), code).json()["error"] == "invalid_grant"

    def test_a_code_lasts_a_minute(self, program: Client, person: Client) -> None:
        client_id, code = let_in(program, person)
        OAuthCode.objects.update(expires_at=timezone.now())
        assert exchange(program, client_id, code).json()["error"] == "invalid_grant"

    def test_a_code_that_comes_twice_ends_what_it_gave(
        self, program: Client, person: Client
    ) -> None:
        client_id, code = let_in(program, person)
        access = exchange(program, client_id, code).json()["access_token"]
        assert exchange(program, client_id, code).json()["error"] == "invalid_grant"
        assert at_mcp(program, access) == 401
        assert ApiToken.objects.get().state == "revoked"

    def test_who_left_meanwhile_gets_nothing(
        self, program: Client, person: Client, reader: User
    ) -> None:
        client_id, code = let_in(program, person)
        User.objects.filter(pk=reader.pk).update(is_active=False)
        assert exchange(program, client_id, code).json()["error"] == "invalid_grant"


class TestRenewal:
    def test_the_next_text_takes_the_place_of_the_last(
        self, program: Client, person: Client
    ) -> None:
        client_id, code = let_in(program, person)
        first = exchange(program, client_id, code).json()
        second = renew(program, client_id, first["refresh_token"]).json()
        assert at_mcp(program, first["access_token"]) == 401
        assert at_mcp(program, second["access_token"]) == 404
        assert ApiToken.objects.count() == 1

    def test_an_access_token_lasts_an_hour(self, program: Client, person: Client) -> None:
        client_id, code = let_in(program, person)
        first = exchange(program, client_id, code).json()
        OAuthGrant.objects.update(access_ends_at=timezone.now())
        assert at_mcp(program, first["access_token"]) == 401
        assert renew(program, client_id, first["refresh_token"]).status_code == 200

    def test_a_copy_that_is_used_ends_both(self, program: Client, person: Client) -> None:
        client_id, code = let_in(program, person)
        first = exchange(program, client_id, code).json()
        second = renew(program, client_id, first["refresh_token"]).json()
        third = renew(program, client_id, second["refresh_token"]).json()
        assert renew(program, client_id, first["refresh_token"]).status_code == 400
        assert at_mcp(program, third["access_token"]) == 401
        assert renew(program, client_id, third["refresh_token"]).status_code == 400

    def test_another_program_cannot_renew_it_nor_end_it(
        self, program: Client, person: Client
    ) -> None:
        client_id, code = let_in(program, person)
        first = exchange(program, client_id, code).json()
        other = known(program)
        assert renew(program, other, first["refresh_token"]).status_code == 400
        program.post(REVOKE, {"client_id": other, "token": first["access_token"]})
        assert at_mcp(program, first["access_token"]) == 404

    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    def test_a_program_hands_it_back(self, which: str, program: Client, person: Client) -> None:
        client_id, code = let_in(program, person)
        first = exchange(program, client_id, code).json()
        handed = program.post(REVOKE, {"client_id": client_id, "token": first[which]})
        assert handed.status_code == 200
        assert ApiToken.objects.get().state == "revoked"
        assert renew(program, client_id, first["refresh_token"]).status_code == 400


class TestHostilePrograms:
    @pytest.mark.parametrize(
        "uri",
        [
            "https://evil.example/cb", "http://evil.example/cb", "javascript:alert(1)",
            "data:text/html,x", "http://127.0.0.1@evil.example/", "http://localhost.evil.example/",
            "http://127.0.0.1:99999/", "http://127.0.0.1/#part", "http://127.0.0.1/\nSet-Cookie: a=b",
            "http://127.0.0.1/; script-src *", "file:///etc/passwd", "", "/relative", "http://[",
            "http://127.0.0.1/" + "x" * 600, "blob:x", "quill:a\\b", "http://*/", 7, None,
        ],
    )  # fmt: skip
    def test_no_code_is_sent_elsewhere(self, uri: Any, program: Client, person: Client) -> None:
        assert registered(program, uri).status_code == 400
        client_id = known(program)
        response = person.get("/oauth/authorize/", asks(client_id, redirect_uri=str(uri)))
        assert response.status_code == 400
        assert "Location" not in response.headers

    def test_hosts_of_the_company_may_be_named(self, settings: Settings) -> None:
        assert not is_allowed("https://agents.corp.example/cb")
        settings.OAUTH_HOSTS = ["agents.corp.example"]
        assert is_allowed("https://agents.corp.example/cb")
        assert not is_allowed("http://agents.corp.example/cb")
        assert not is_allowed("https://agents.corp.example.evil.example/cb")

    def test_on_ones_own_computer_any_port_will_do(self) -> None:
        known_as = ["http://127.0.0.1:1234/cb", "quill://back"]
        assert is_one_of("http://127.0.0.1:9/cb", known_as)
        assert is_one_of("quill://back", known_as)
        for other in ("http://127.0.0.1:9/other", "http://localhost:9/cb", "quill://elsewhere"):
            assert not is_one_of(other, known_as)

    def test_of_many_addresses_those_that_are_allowed_are_kept(self, program: Client) -> None:
        told = registered(program, "https://vscode.dev/redirect", WAITS_AT).json()
        assert told["redirect_uris"] == [WAITS_AT]

    @pytest.mark.parametrize(
        "asked",
        [
            {"code_challenge": ""},
            {"code_challenge": "x" * 42},
            {"code_challenge_method": "plain"},
            {"code_challenge_method": ""},
            {"response_type": "token"},
            {"scope": "read write"},
            {"resource": "https://elsewhere.example/mcp"},
        ],
    )
    def test_what_is_not_in_order_is_told_to_the_program(
        self, asked: dict[str, str], program: Client, person: Client
    ) -> None:
        response = person.get("/oauth/authorize/", asks(known(program), **asked))
        given = told(response)
        assert given["error"] in {
            "invalid_request", "unsupported_response_type", "invalid_scope", "invalid_target",
        }  # fmt: skip
        assert response.headers["Location"].startswith(WAITS_AT)

    @pytest.mark.parametrize("client_id", ["", "nobody", "0" * 32, "a\0b", "é" * 32])
    def test_who_is_not_known_is_sent_nowhere(self, client_id: str, person: Client) -> None:
        response = person.get("/oauth/authorize/", asks(client_id))
        assert response.status_code == 400
        assert b"This program cannot be let in" in response.content

    def test_a_name_is_shown_as_text(self, program: Client, person: Client) -> None:
        response = registered(program, client_name="<b>VS Code</b>\n\u202eevil" + "x" * 300)
        client_id = response.json()["client_id"]
        page = person.get("/oauth/authorize/", asks(client_id)).content.decode()
        assert "&lt;b&gt;VS Code&lt;/b&gt;evil" in page
        assert "\u202e" not in page

    @pytest.mark.parametrize("body", ["", "[]", "{", "[" * 60_000, '{"redirect_uris": {}}', "null"])
    def test_a_registration_that_is_none_is_refused(self, body: str, program: Client) -> None:
        response = program.post(REGISTER, body, content_type="application/json")
        assert response.status_code == 400
        assert response.json()["error"]

    def test_programs_that_register_without_end_are_stopped(self, program: Client) -> None:
        for _ in range(10):
            known(program)
        assert registered(program).status_code == 429
        OAuthProgram.objects.update(created_at=timezone.now() - timedelta(days=31))
        known(program)
        assert OAuthProgram.objects.count() == 1
