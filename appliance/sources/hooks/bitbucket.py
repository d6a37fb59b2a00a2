"""Bitbucket Cloud and Data Center: HMAC of the body in X-Hub-Signature; refs in lists of changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, same, signature, text_at

PUSHES = frozenset({"repo:push", "repo:refs_changed"})


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    return same(headers.get("X-Hub-Signature", ""), f"sha256={signature(body, secret)}")


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    if headers.get("X-Event-Key", "") not in PUSHES:
        return []
    push = payload.get("push") if isinstance(payload, dict) else None
    holder = push if isinstance(push, dict) else payload
    changes = holder.get("changes") if isinstance(holder, dict) else None
    if not isinstance(changes, list):
        return None
    return [_ref_of(change) for change in changes[:1000]] or None


def _ref_of(change: Any) -> str:
    """Return the ref of one change, of Data Center or of Cloud ("new" is null for a deletion)."""
    if found := text_at(change, "ref", "id"):
        return found
    for side in ("new", "old"):
        if name := text_at(change, side, "name"):
            kind = text_at(change, side, "type")
            return f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"
    return ""


HOST = Host("Bitbucket", "X-Event-Key", is_signed, refs_of)
