"""Anything else, such as a post-receive script: the secret as a bearer token, or an HMAC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, same, signature, text_at


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    if given := headers.get("X-Plumbline-Signature"):
        return same(given, f"sha256={signature(body, secret)}")
    return same(headers.get("Authorization", ""), f"Bearer {secret}")


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    """Return the ref when it is named in full; a notice that names none is of any."""
    ref = text_at(payload, "ref")
    return [ref] if ref.startswith("refs/") else None


def path_of(payload: Any) -> str:
    return text_at(payload, "repository")


HOST = Host("post-receive", "", is_signed, refs_of, path_of)
