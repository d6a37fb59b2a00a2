"""Bitbucket Cloud and Data Center: HMAC of the body in X-Hub-Signature; refs in lists of changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, full_name, same, signature, text_at

# Of Cloud, of Data Center, and of a mirror of a Data Center that has caught up.
PUSHES = frozenset({"repo:push", "repo:refs_changed", "mirror:repo_synchronized"})
MAX_CHANGES = 1000


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    return same(headers.get("X-Hub-Signature", ""), f"sha256={signature(body, secret)}")


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    """Return the refs; None when they are too many, or one is not named: any may have moved."""
    if headers.get("X-Event-Key", "") not in PUSHES:
        return []
    push = payload.get("push") if isinstance(payload, dict) else None
    holder = push if isinstance(push, dict) else payload
    changes = holder.get("changes") if isinstance(holder, dict) else None
    if not isinstance(changes, list) or not 0 < len(changes) <= MAX_CHANGES:
        return None
    refs = [_ref_of(change) for change in changes]
    return refs if all(refs) else None


def _ref_of(change: Any) -> str:
    """Return the ref of one change, of Data Center or of Cloud ("new" is null for a deletion)."""
    if found := text_at(change, "ref", "id"):
        return found
    for side in ("new", "old"):
        if name := text_at(change, side, "name"):
            return full_name(name, text_at(change, side, "type"))
    return ""


def path_of(payload: Any) -> str:
    """Return workspace/name of Cloud, or KEY/name as in the addresses of Data Center."""
    if found := text_at(payload, "repository", "full_name"):
        return found
    key = text_at(payload, "repository", "project", "key")
    name = text_at(payload, "repository", "slug")
    return f"{key}/{name}" if key and name else ""


HOST = Host("Bitbucket", "X-Event-Key", is_signed, refs_of, path_of)
