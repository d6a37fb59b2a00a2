"""A small OpenID provider that answers whatever a test tells it to, signed with its own keys."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Forge = Callable[["HostileProvider", dict[str, Any]], str]


def make_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


KEY, OTHER_KEY = make_key(), make_key()


@dataclass
class HostileProvider:
    """What the provider says; a test changes it, and reads what was asked of it."""

    issuer: str = ""
    nonce: str = ""
    challenge: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    forge: Forge | None = None  # makes the ID token; None: an honest one
    overrides: dict[str, Any] = field(default_factory=dict)  # of the metadata
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)  # codes
    keys: dict[str, Any] | None = None  # that it publishes; None: its own
    refresh: str = ""  # the refresh token that is good now; none: it gives none
    refusal: tuple[int, str] | None = None  # status and error of a renewal
    troubled: str = ""  # a refresh token at which the provider stumbles
    authorizations: dict[str, str] = field(
        default_factory=dict
    )  # header of the last request, by path

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
            **self.overrides,
        }

    def honest_claims(self) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": "plumbline",
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
        } | self.claims

    def token(self) -> str:
        claims = self.honest_claims()
        return self.forge(self, claims) if self.forge else sign(claims)


def sign(claims: dict[str, Any], **kwargs: Any) -> str:
    options: dict[str, Any] = {"algorithm": "RS256", "headers": {"kid": "one"}, "key": KEY}
    return jwt.encode(claims, **(options | kwargs))


def public_pem(key: rsa.RSAPrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwks(key: rsa.RSAPrivateKey = KEY) -> dict[str, Any]:
    described = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"keys": [{**described, "kid": "one", "use": "sig", "alg": "RS256"}]}


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    """Serve one on a free port of this machine."""
    provider = HostileProvider()

    class Handler(_Handler):
        serves = provider

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    serves: HostileProvider

    def do_GET(self) -> None:
        answers: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": self.serves.metadata,
            "/jwks": lambda: self.serves.keys or jwks(),
            "/userinfo": lambda: (
                self.serves.userinfo or {"sub": self.serves.honest_claims()["sub"]}
            ),
        }
        self._note_authorization()
        made = answers.get(self.path)
        self._answer(made() if made else {"error": "not found"}, 200 if made else 404)

    def _note_authorization(self) -> None:
        self.serves.authorizations[self.path] = self.headers.get("Authorization", "")

    def do_POST(self) -> None:
        self._note_authorization()
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        self.serves.asked.append((self.path, given))
        if given.get("grant_type") == "refresh_token":
            self._renew(given["refresh_token"])
            return
        verifier = given.get("code_verifier", "")
        proof = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        code = given.get("code", "")
        if code in self.serves.spent or proof != self.serves.challenge:
            self._answer({"error": "invalid_grant"}, 400)
            return
        self.serves.spent.add(code)
        self._answer(self._tokens(), 200)

    def _tokens(self) -> dict[str, str]:
        given = {"access_token": "at", "token_type": "Bearer", "id_token": self.serves.token()}
        return given | ({"refresh_token": self.serves.refresh} if self.serves.refresh else {})

    def _renew(self, refresh_token: str) -> None:
        """Take each refresh token once, as strict providers do."""
        provider = self.serves
        if refresh_token == provider.troubled:
            self._answer({"error": "server_error"}, 500)
            return
        if provider.refusal or refresh_token != provider.refresh:
            status, error = provider.refusal or (400, "invalid_grant")
            self._answer({"error": error}, status)
            return
        provider.refresh += "+"
        self._answer(self._tokens(), 200)

    def _answer(self, answer: Any, status: int) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
