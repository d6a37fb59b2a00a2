"""Gitea and Forgejo: HMAC of the body as plain hex in a header of their own, or as GitHub sends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.sources.hooks import github
from appliance.sources.hooks.host import Headers, Host, same, signature

SIGNATURES = ("X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256")


def is_signed(headers: Headers, body: bytes, secret: str) -> bool:
    """Check the first signature that is there; a wrong one is not made good by another."""
    given = next((found for name in SIGNATURES if (found := headers.get(name))), "")
    return same(given.removeprefix("sha256="), signature(body, secret))


def refs_of(headers: Headers, payload: Any) -> Sequence[str] | None:
    event = headers.get("X-Forgejo-Event") or headers.get("X-Gitea-Event", "")
    return github.refs_of_event(event, payload)


GITEA = Host("Gitea", "X-Gitea-Event", is_signed, refs_of, github.path_of)
FORGEJO = Host("Forgejo", "X-Forgejo-Event", is_signed, refs_of, github.path_of)
