"""Answers of a provider that are too slow, too long, or no text: bounded, and refused in words."""

from __future__ import annotations

import gzip
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
import pytest
from django.test import Client

from appliance.accounts.directories import fetching
from appliance.accounts.directories.claims import told_by
from appliance.accounts.directories.fetching import LARGEST_BYTES, NotFetched, Session, fetch_json
from appliance.accounts.models import Directory, Identity, User
from appliance.accounts.oidc import renewing
from appliance.accounts.oidc.renewing import Look, ask_again
from appliance.accounts.oidc.tokens import TokenRefused, claims_of
from tests.appliance.accounts.oidc.conftest import is_signed_in, sign_in
from tests.appliance.accounts.oidc.test_logging_out import logout_claims, post
from tests.httpservers import running_http
from tests.identity.hostile import HostileProvider, jwks, sign

DEEP = b"[" * 100_000


@contextmanager
def answering(
    send: Callable[[BaseHTTPRequestHandler, threading.Event], None], **headers: str
) -> Iterator[str]:
    """Serve one answer, however it is sent."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            send(self, stopped)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with running_http(Handler, stopped) as port:
        yield f"http://127.0.0.1:{port}/"


def test_an_answer_in_single_bytes_is_waited_for_no_longer_than_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "TIME_LIMIT_S", 1)

    def drip(handler: BaseHTTPRequestHandler, stopped: threading.Event) -> None:
        while not stopped.wait(0.05):
            handler.wfile.write(b" ")

    with answering(drip) as address, pytest.raises(NotFetched, match="no answer within"):
        fetch_json(address)


def test_of_an_answer_without_an_end_nothing_is_kept() -> None:
    def pour(handler: BaseHTTPRequestHandler, stopped: threading.Event) -> None:
        while not stopped.is_set():
            handler.wfile.write(bytes(65536))

    with answering(pour) as address:
        with pytest.raises(NotFetched, match="not JSON, or too long"):
            fetch_json(address)
        with Session() as session:  # that of sign-ins too
            assert session.get(address).content == b""


def test_nothing_is_unpacked() -> None:
    packed = gzip.compress(b'{"a": "' + bytes(LARGEST_BYTES * 20) + b'"}')

    def send(handler: BaseHTTPRequestHandler, _: threading.Event) -> None:
        handler.wfile.write(packed)

    with answering(send, Content_Encoding="gzip") as address, Session() as session:
        assert session.get(address).content == packed


def test_a_deep_answer_is_none() -> None:
    def send(handler: BaseHTTPRequestHandler, _: threading.Event) -> None:
        handler.wfile.write(DEEP)

    with answering(send) as address, pytest.raises(NotFetched, match="not JSON"):
        fetch_json(address)


def test_what_no_database_keeps_is_left_out_of_what_is_told() -> None:
    settings = {"user_name_attribute": "name", "groups_attribute": "groups"}
    attributes = json.loads(
        '{"name": "a\\ud800na\\u0000", "groups": ["d\\udfffev"], "x\\u0000": "y"}'
    )
    told = told_by(Directory(settings=settings), "s", attributes)
    assert (told.user_name, told.groups) == ("ana", ("dev",))
    assert set(told.attributes or {}) == {"name", "groups", "x"}


@pytest.mark.services
@pytest.mark.django_db
class TestOverThePages:
    def test_odd_letters_of_a_person_keep_nobody_out(
        self, client: Client, directory: Directory, provider: HostileProvider
    ) -> None:
        provider.claims = {
            "preferred_username": "a\ud800na",
            "odd\0": "\udfff",
            "groups": ["d\0ev"],
        }
        assert sign_in(client, provider).status_code == 302
        assert is_signed_in(client)
        assert list(User.objects.get(username="ana").groups.values_list("name", flat=True)) == [
            "dev"
        ]

    @pytest.mark.parametrize("subject", ["a\0b", "a\ud800"])
    def test_nobody_is_known_by_what_cannot_be_kept(
        self, client: Client, directory: Directory, provider: HostileProvider, subject: str
    ) -> None:
        provider.claims = {"sub": subject, "preferred_username": "ana"}
        assert sign_in(client, provider).status_code == 403
        assert not User.objects.filter(username="ana").exists()

    @pytest.mark.parametrize("part", [DEEP[:5000], b"\xff", b'"\\ud800"', b"{}"])
    def test_a_logout_token_may_be_anything(self, directory: Directory, part: bytes) -> None:
        """Whoever finds the address may post to it."""
        packed = urlsafe_b64encode(part).decode().rstrip("=")
        for token in (f"{packed}.{packed}.x", "eyJhbGciOiJSUzI1NiJ9." + packed + ".x"):
            assert post(token).status_code == 400

    @pytest.mark.parametrize("claim", ["jti", "sub", "sid"])
    def test_nor_does_a_signed_one_break_by_what_cannot_be_kept(
        self, directory: Directory, provider: HostileProvider, claim: str
    ) -> None:
        for odd in ("a\0b", "\ud800"):
            assert post(sign(logout_claims(provider, **{claim: odd}))).status_code == 400

    def test_trouble_with_one_person_holds_nobody_else_up(
        self,
        client: Client,
        directory: Directory,
        provider: HostileProvider,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Whoever can make the provider stumble over them could else stay what they were, and so
        could everybody who comes after them."""
        monkeypatch.setattr(renewing, "LOOK_SECONDS", 600)
        directory.settings |= {"renews": True}
        directory.save()
        people = [self._at_work(provider, name) for name in ("ana", "ben")]
        provider.troubled = "token-ana"
        provider.refusal = (400, "invalid_grant")
        look = ask_again(directory)
        assert look == Look(lapsed=1)
        states = [User.objects.get(pk=one.user_id).is_active for one in people]
        assert states == [True, False]

    @staticmethod
    def _at_work(provider: HostileProvider, name: str) -> Identity:
        provider.claims = {"sub": name, "preferred_username": name}
        provider.refresh = f"token-{name}"
        assert sign_in(Client(), provider, code=f"c-{name}").status_code == 302
        return Identity.objects.get(subject=name)


def test_odd_claims_of_tokens_are_refused(provider: HostileProvider) -> None:
    keys = jwt.PyJWKSet.from_dict(jwks())
    asked: dict[str, Any] = {"issuer": provider.issuer, "client_id": "plumbline", "nonce": None}
    odd: list[dict[str, Any]] = [
        {"exp": float("inf")}, {"iat": float("inf")}, {"exp": "soon"}, {"aud": [{}]},
    ]  # fmt: skip
    for claims in odd:
        provider.claims = claims
        with pytest.raises(TokenRefused):
            claims_of(provider.token(), keys, **asked)
