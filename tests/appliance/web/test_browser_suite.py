"""What browsers and their enemies may do: suites C09, C10, C12, C13 and C14 over every address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.conversations.models import Message
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, message_factory  # noqa: F401
from tests.appliance.web.routes import Route, routes
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Posts without a token against forgery: signed by a secret of their own.
EXEMPT = {"hook", "shared_hook", "saml_acs", "openid_connect_logout"}
WITH_A_TOKEN = ("/scim/", "/api/", "/v1/")  # below these no session counts
FOREIGN = (
    "https://evil.example", "//evil.example", "/\\evil.example", "https:evil.example",
    "\thttps://evil.example", "javascript:alert(1)", "https://localhost@evil.example", "///evil.example",
)  # fmt: skip


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", {"cart.py": "def add_item(cart):\n    return cart\n"})


@pytest.fixture
def answer(owner: User, message_factory: MessageFactory) -> Message:  # noqa: F811
    return message_factory(owner, "It adds.")


def told(client: Client, route: Route, method: str = "get", **more: Any) -> Any:
    return getattr(client, method)(route.path, **more)


def directives(policy: str) -> set[str]:
    return {part.strip() for part in policy.split(";") if part.strip()}


class TestForgery:
    """C09."""

    def test_every_post_wants_the_token_of_a_page_of_ours(self, staff: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(staff)
        refused = {
            route.name: told(client, route, "post").status_code
            for route in routes()
            if route.name not in EXEMPT and not route.path.startswith(WITH_A_TOKEN)
        }
        assert len(refused) > 90
        assert {name for name, status in refused.items() if status != 403} == set()

    def test_what_is_exempt_is_known(self) -> None:
        exempt = [route for route in routes() if getattr(route.view, "csrf_exempt", False)]
        named = {one.name for one in exempt if not one.path.startswith(WITH_A_TOKEN)}
        assert named == EXEMPT

    def test_a_token_of_another_site_is_refused(self, staff: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(staff)
        client.get("/tokens/")
        token = client.cookies["csrftoken"].value
        sent = {"csrfmiddlewaretoken": token, "theme": "dark"}
        assert client.post("/theme/", sent).status_code == 302
        for origin in ("https://evil.example", "null"):
            answer = client.post("/theme/", sent, headers={"Origin": origin})
            assert answer.status_code == 403, origin

    def test_cookies_are_kept_from_scripts_and_other_sites(
        self, client: Client, reader: User, settings: Settings
    ) -> None:
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True  # as behind TLS
        password = {"login": "reader", "password": "correct horse battery"}
        answer = client.post("/accounts/login/", password, secure=True)
        session = answer.cookies["sessionid"]
        assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
        assert answer.cookies["csrftoken"]["secure"] is True
        assert answer.cookies["csrftoken"]["samesite"] == "Lax"

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@x"])
    def test_a_foreign_host_is_refused(self, host: str, client: Client) -> None:
        for path in ("/", "/accounts/login/", "/healthz/"):
            assert client.get(path, headers={"Host": host}).status_code == 400, path

    @pytest.mark.parametrize("target", FOREIGN)
    def test_nobody_is_sent_elsewhere(self, target: str, client: Client, reader: User) -> None:
        password = {"login": "reader", "password": "correct horse battery"}
        answers = [
            client.post("/theme/", {"theme": "dark", "next": target}),
            client.post("/accounts/login/", {**password, "next": target}),
            client.post(
                "/accounts/reauthenticate/", {"password": password["password"], "next": target}
            ),
            client.post("/accounts/logout/", {"next": target}),
        ]
        for answer in answers:
            assert answer.status_code == 302
            assert answer["Location"].startswith("/"), answer["Location"]
            assert not re.match(r"/[/\\]", answer["Location"])
            assert "evil" not in answer["Location"]

    def test_every_redirect_stays_here(self, staff: User, shop: Source) -> None:
        client = Client()
        client.force_login(staff)
        for route in routes():
            for method in ("get", "post"):
                answer = told(client, route, method)
                location = answer.headers.get("Location", "/")
                assert re.match(r"/(?![/\\])", location), (route.path, location)
                if "logout" in route.name or "sessions" in route.name:
                    client.force_login(staff)


def test_addresses_expand_into_no_query(  # C10
    client: Client, staff: User, shop: Source
) -> None:
    client.force_login(staff)
    hostile = {
        "_connector": "OR", "_negated": "1", "name__regex": "(a+)+$", "user__password": "x",
        "sort": "name__regex", "order_by": "-user.password", "state": "x' OR 1=1 --", "of": "a.b\x01",
        "kind": "\x00", "reason": "%s", "page": "1 UNION SELECT", "q": "zz", "source": "__class__",
    }  # fmt: skip
    seen = 0
    for route in routes():
        if told(client, route).status_code != 200 or "events" in route.path:
            continue
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(route.path, hostile)
        assert answer.status_code in {200, 400}, route.path
        statements = " ".join(one["sql"] for one in queries.captured_queries)
        assert "UNION SELECT" not in statements, route.path
        assert "(a+)+$" not in statements, route.path
        assert "OR 1=1" not in statements, route.path
        seen += 1
    assert seen > 20


class TestHeaders:
    """C12 and C14."""

    def checked(self, answer: Any, path: str) -> None:
        headers = answer.headers
        assert directives(headers["Content-Security-Policy"]) == directives(POLICY), path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        # Not no-referrer: browsers would then send "Origin: null" with our own forms.
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["Cache-Control"] == "private, no-store", path
        assert "Cookie" in headers["Vary"], path
        assert not {"Server", "X-Powered-By", "ETag", "Last-Modified"} & set(headers), path

    def test_every_page_and_every_error_carries_them(self, staff: User, shop: Source) -> None:
        client = Client()
        statuses = set()
        for person in (None, staff):
            if person:
                client.force_login(person)
            for route in routes():
                for method in ("get", "post") if person else ("get",):
                    if route.name == "account_logout" or route.path.startswith(WITH_A_TOKEN):
                        continue
                    answer = told(client, route, method)
                    self.checked(answer, f"{method} {route.path}")
                    statuses.add(answer.status_code)
        assert {200, 302, 400, 404, 405} <= statuses

    def test_an_answer_of_the_api_too(self, client: Client, shop: Source, reader: User) -> None:
        new = create_token(reader, name="x", rights=[TokenRight.READ], by=reader)
        for text in (new.text, "wrong"):
            answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
            self.checked(answer, text)

    def test_a_fault_tells_nothing(
        self, reader: User, monkeypatch: pytest.MonkeyPatch, shop: Source
    ) -> None:
        """C13: a generic page, whatever broke, with every header."""

        def broken(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("a secret in the message of a fault")

        monkeypatch.setattr("appliance.sources.views.searching.search_narrowed", broken)
        client = Client(raise_request_exception=False)
        client.force_login(reader)
        answer = client.get("/search/?q=x")
        assert answer.status_code == 500
        self.checked(answer, "500")
        for word in (b"Traceback", b"RuntimeError", b"secret", b"Django", b"site-packages"):
            assert word not in answer.content
        assert settings.DEBUG is False

    def test_a_download_is_one(self, client: Client, owner: User, answer: Message) -> None:
        client.force_login(owner)
        for ending, kind in (("md", "text/markdown"), ("json", "application/json")):
            got = client.get(f"/threads/{answer.thread_id}/thread.{ending}")
            self.checked(got, ending)
            assert got.headers["Content-Disposition"].startswith("attachment; filename=")
            assert got.headers["Content-Type"].startswith(kind)

    def test_the_stream_too(self, client: Client, owner: User, answer: Message) -> None:
        client.force_login(owner)
        got = client.get(f"/messages/{answer.pk}/events/")
        assert got.headers["Content-Type"] == "text/event-stream"
        self.checked(got, "events")

    def test_a_cache_between_two_people_has_nothing_to_give(
        self, owner: User, outsider: User, shop: Source, answer: Message
    ) -> None:
        """C14, as a proxy reads RFC 9111: what is private or no-store is not kept."""
        kept: dict[str, bytes] = {}
        paths = [
            "/",
            "/search/?q=add_item",
            "/sources/",
            "/sessions/",
            f"/threads/{answer.thread_id}/",
        ]
        for person in (owner, outsider):
            client = Client()
            client.force_login(person)
            for path in paths:
                got = kept.get(path)
                if got is None:
                    fresh = client.get(path)
                    got = fresh.content
                    if not {"private", "no-store"} & set(
                        re.findall(r"[\w-]+", fresh["Cache-Control"])
                    ):
                        kept[path] = got
                if person == outsider:
                    assert b"cart.py" not in got
        assert kept == {}


class TestLoad:
    """C13: what the application itself bounds; slow bodies are the proxy's."""

    @pytest.mark.parametrize("body", [b"{", b"\xff" * 100, b"[" * 100_000, b""])
    def test_a_body_that_is_no_json_is_told_so(self, body: bytes, client: Client) -> None:
        answer = client.post(
            "/hooks/00000000-0000-4000-8000-000000000000/", body, content_type="application/json"
        )
        assert answer.status_code in {400, 403}
        assert answer.json()["message"]

    def test_many_fields_are_refused(self, client: Client, reader: User) -> None:
        client.force_login(reader)
        fields = {f"f{number}": "x" for number in range(10_001)}
        assert client.post("/theme/", fields).status_code == 400
