"""Gitea and Forgejo: HMAC of the body in X-Gitea-Signature or X-Forgejo-Signature, as plain hex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, same, signature, text_at


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    given = headers.get("X-Forgejo-Signature") or headers.get("X-Gitea-Signature", "")
    return same(given, signature(body, secret))


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    event = headers.get("X-Forgejo-Event") or headers.get("X-Gitea-Event", "")
    if event in {"create", "delete"}:
        name, kind = text_at(payload, "ref"), text_at(payload, "ref_type")
        return [f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"] if name else None
    return [text_at(payload, "ref")] if event == "push" else []


GITEA = Host("Gitea", "X-Gitea-Event", is_signed, refs_of)
FORGEJO = Host("Forgejo", "X-Forgejo-Event", is_signed, refs_of)
