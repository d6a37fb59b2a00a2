"""GitLab: a signature in webhook-signature (version 19 on), or the secret itself in X-Gitlab-Token.

The signature is that of Standard Webhooks: HMAC-SHA256 of "id.timestamp.body" in base64, with the
bytes behind whsec_ as key. The timestamp is not compared with our clock: a notice that comes again
is harmless, and a clock that is wrong would refuse them all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, same, text_at

PREFIX = "whsec_"
VERSION = "v1,"


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    """Check the signature where there is one; a wrong one is not made good by a right token."""
    if signatures := headers.get("webhook-signature"):
        expected = VERSION + _signature(headers, body, secret)
        # Several while a token is replaced; more than a few are nobody's.
        return any(same(given, expected) for given in signatures.split()[:5])
    return same(headers.get("X-Gitlab-Token", ""), secret)


def _signature(headers: Headers, body: bytes, secret: str) -> str:
    parts = (headers.get("webhook-id", ""), headers.get("webhook-timestamp", ""))
    signed = ".".join(parts).encode() + b"." + body
    return base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    kind = text_at(payload, "object_kind") or text_at(payload, "event_name")
    if kind == "repository_update":  # a system hook for several refs at once
        return None
    if kind not in {"push", "tag_push"}:
        return []
    ref = text_at(payload, "ref")
    return [ref] if ref else None


def path_of(payload: Any) -> str:
    return text_at(payload, "project", "path_with_namespace")


HOST = Host("GitLab", "X-Gitlab-Event", is_signed, refs_of, path_of)
