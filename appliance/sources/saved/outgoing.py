"""Posts to a person's own webhook: to allowed hosts alone, signed as Standard Webhooks asks.

The address is checked with the rules for locations of sources: https, no user, no redirects, never
this machine nor the link-local network of a cloud's metadata. What the name leads to is looked up
once, and the connection goes to that address, so that a second look-up cannot change it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.hosts import pin_address, resolve_host
from indexer.fetching.location import parse_location
from indexer.fetching.policy import LocationPolicy

PREFIX = "whsec_"
SECRET_BYTES = 32
TIME_LIMIT_S = 10.0
NO_PATH = "The address needs a path, such as /hooks/abc, without a query or unusual characters."
GONE = 410  # how a receiver says that it wants nothing any more


class NotPosted(Exception):
    """It did not arrive; the sentence says why, `is_final` whether a further try is no use."""

    def __init__(self, sentence: str, *, is_final: bool = False) -> None:
        super().__init__(sentence)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: where to connect, and what it is called."""

    url: str
    host: str
    port: int
    address: str


def is_open() -> bool:
    """Return whether this product may post to anybody at all."""
    return bool(settings.WEBHOOK_HOSTS)


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_url(url: str) -> str:
    """Return the address in one spelling. Raises NotPosted with what is wrong with it."""
    if not is_open():
        raise NotPosted("Webhooks are switched off here.", is_final=True)
    try:
        return parse_location(url, _policy()).url_or_path
    except FetchRefused as exc:
        sentence = NO_PATH if exc.code == "path_malformed" else str(exc)
        raise NotPosted(sentence, is_final=True) from exc


def post(url: str, secret: str, uid: str, body: Mapping[str, Any]) -> None:
    """Post a message once. Raises NotPosted."""
    target = _target(url)
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    moment = str(int(time.time()))
    headers = {
        "Host": urlsplit(target.url).netloc,
        "Content-Type": "application/json",
        "User-Agent": "Plumbline",
        "webhook-id": uid,
        "webhook-timestamp": moment,
        "webhook-signature": signature(secret, uid, moment, content),
    }
    status = _send(target, headers, content)
    if not 200 <= status < 300:
        raise NotPosted(
            f"{target.host} answered with the status {status}.", is_final=status == GONE
        )


def signature(secret: str, uid: str, moment: str, content: bytes) -> str:
    """Return the signature of Standard Webhooks, version 1."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{uid}.{moment}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _policy() -> LocationPolicy:
    return LocationPolicy(
        schemes=frozenset({"https"}),
        hosts=tuple(settings.WEBHOOK_HOSTS),
        networks=tuple(settings.WEBHOOK_NETWORKS),
    )


def _target(url: str) -> Target:
    policy = _policy()
    checked = check_url(url)  # the settings may have changed since it was given
    try:
        location = parse_location(checked, policy)
        address = pin_address(location, policy, resolve_host, TIME_LIMIT_S)
    except FetchRefused as exc:
        raise NotPosted(str(exc), is_final=True) from exc
    except FetchFailed as exc:
        raise NotPosted(str(exc)) from exc
    if address is None or location.host is None or location.port is None:
        raise NotPosted("This is not the address of a server.", is_final=True)
    return Target(checked, location.host, location.port, address)


def _send(target: Target, headers: Mapping[str, str], content: bytes) -> int:
    """Connect to the pinned address under the host's name, and return the status of the answer."""
    parts = urlsplit(target.url)
    address = f"[{target.address}]" if ":" in target.address else target.address
    pinned = parts._replace(netloc=f"{address}:{target.port}").geturl()
    try:
        # No proxy of the environment, no redirects, and of the answer nothing but its status.
        with (
            httpx.Client(
                verify=_trust(), timeout=TIME_LIMIT_S, trust_env=False, follow_redirects=False
            ) as client,
            client.stream(
                "POST",
                pinned,
                content=content,
                headers=dict(headers),
                extensions={"sni_hostname": target.host},
            ) as response,
        ):
            return response.status_code
    except httpx.HTTPError as exc:
        raise NotPosted(f"{target.host} cannot be reached: {type(exc).__name__}.") from exc


def _trust() -> ssl.SSLContext:
    file = settings.WEBHOOK_CA_FILE
    return ssl.create_default_context(cafile=str(file) if file else None)
