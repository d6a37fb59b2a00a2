"""What every host's file tells: how its notices are recognised, signed and read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Host:
    """One host's way of telling of a push.

    `refs_of` returns the full names of the pushed refs, an empty list for a notice of something
    else (a ping), None for a push that does not say. `path_of` returns the path of the repository
    on its host, as in team/shop, "" where the notice does not say.
    """

    name: str
    header: str  # what only its notices have
    is_signed: Callable[[Headers, bytes, str], bool]  # headers, body, secret
    refs_of: Callable[[Headers, Any], Sequence[str] | None]
    path_of: Callable[[Any], str]


def signature(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    # Headers may hold what is no text: it is compared, and differs.
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def full_name(ref: str, kind: str) -> str:
    """Return the name in full of a ref that a host calls by its short name and kind."""
    return f"refs/{'tags' if kind == 'tag' else 'heads'}/{ref}"


def text_at(payload: Any, *keys: str) -> str:
    """Return the text at a place of hostile JSON, "" for anything else."""
    for key in keys:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload if isinstance(payload, str) else ""
