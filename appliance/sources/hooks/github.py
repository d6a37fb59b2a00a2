"""GitHub and GitHub Enterprise: HMAC of the body in X-Hub-Signature-256, events push and ping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, same, signature, text_at


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    return same(headers.get("X-Hub-Signature-256", ""), f"sha256={signature(body, secret)}")


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    event = headers.get("X-GitHub-Event", "")
    if event in {"create", "delete"}:
        name, kind = text_at(payload, "ref"), text_at(payload, "ref_type")
        return [f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"] if name else None
    return [text_at(payload, "ref")] if event == "push" else []


HOST = Host("GitHub", "X-GitHub-Event", is_signed, refs_of)
