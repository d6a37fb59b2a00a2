"""GitHub and GitHub Enterprise: HMAC of the body in X-Hub-Signature-256, events push and ping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, full_name, same, signature, text_at


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    return same(headers.get("X-Hub-Signature-256", ""), f"sha256={signature(body, secret)}")


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    return refs_of_event(headers.get("X-GitHub-Event", ""), payload)


def refs_of_event(event: str, payload: Any) -> Sequence[str] | None:
    """Return the ref of a push, which is named in full, or of a created or deleted one."""
    if event not in {"push", "create", "delete"}:
        return []
    ref = text_at(payload, "ref")
    if not ref:
        return None
    return [ref if event == "push" else full_name(ref, text_at(payload, "ref_type"))]


def path_of(payload: Any) -> str:
    return text_at(payload, "repository", "full_name")


HOST = Host("GitHub", "X-GitHub-Event", is_signed, refs_of, path_of)
