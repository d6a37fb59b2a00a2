"""GitLab: the secret itself in X-Gitlab-Token, events Push Hook and Tag Push Hook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks.host import Headers, Host, same, text_at


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    return same(headers.get("X-Gitlab-Token", ""), secret)


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    kind = text_at(payload, "object_kind") or text_at(payload, "event_name")
    if kind == "repository_update":  # a system hook: "changes" lists the refs, this is enough
        return None
    return [text_at(payload, "ref")] if kind in {"push", "tag_push"} else []


HOST = Host("GitLab", "X-Gitlab-Event", is_signed, refs_of)
