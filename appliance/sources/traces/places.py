"""The values that searching for traces gives back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trace:
    """A place that holds the bytes, and why they may stay there."""

    place: str  # "table indexer_blob, column text": names of ours, never content
    kept: str = ""  # empty: they should be gone


@dataclass(frozen=True, slots=True)
class Unsearched:
    """A place that could not be searched: nothing is proven about it."""

    place: str
    reason: str


class Needle:
    """The bytes in the forms in which they may be stored."""

    def __init__(self, wanted: bytes) -> None:
        if len(wanted) < 4:
            raise ValueError("fewer than four bytes are found everywhere")
        self.raw = wanted
        self.texts = _texts(wanted)
        self.forms = tuple(dict.fromkeys([wanted, *(text.encode() for text in self.texts)]))
        self.longest = max(map(len, self.forms))

    def __repr__(self) -> str:
        return "Needle()"

    def is_in(self, content: bytes) -> bool:
        return any(form in content for form in self.forms)

    def is_in_stream(self, blocks: Iterable[bytes]) -> bool:
        """Return whether it is there, also across the ends of blocks."""
        tail = b""
        for block in blocks:
            if self.is_in(tail + block):
                return True
            tail = (tail + block)[-self.longest :]
        return False

    def is_in_message(self, content: bytes) -> bool:
        """Return whether it is in a message of the queue, whose body is base64 in JSON."""
        if self.is_in(content):
            return True
        try:
            message = json.loads(content)
            body = message.get("body", "") if isinstance(message, dict) else ""
            return isinstance(body, str) and self.is_in(base64.b64decode(body))
        except (ValueError, RecursionError):
            return False


def _texts(wanted: bytes) -> tuple[str, ...]:
    """Return the bytes as text, as it is and escaped as in JSON; nothing when they are no text."""
    try:
        text = wanted.decode()
    except UnicodeDecodeError:
        return ()
    if "\0" in text:
        return ()
    escaped = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    return tuple(dict.fromkeys([text, *escaped]))
