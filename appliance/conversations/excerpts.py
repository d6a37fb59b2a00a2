"""A few words of a message, for lists: one line, without marks of Markdown and without handles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from appliance.conversations.checking.citations import without_markers
from appliance.conversations.visible import visible

BEFORE, EXCERPT, FIRST = 40, 140, 90  # characters
MARKS = re.compile(r"`+|\*\*|^\s*(?:#{1,6}|>|\|)\s", re.MULTILINE)

Piece = tuple[str, bool]  # text, and whether it is what was looked for


def plain(text: str) -> str:
    """Return a text as one line."""
    return " ".join(MARKS.sub("", visible(without_markers(text))).split())


def first_words(text: str) -> str:
    words = plain(text[: FIRST * 4])
    return words if len(words) <= FIRST else f"{words[:FIRST]} …"


def excerpt_of(line: str, words: Sequence[str]) -> tuple[Piece, ...]:
    """Return what stands around the first of the words in a line."""
    places = [line.lower().find(word.lower()) for word in words]
    at = min((place for place in places if place >= 0), default=0)
    start = line.rfind(" ", 0, at - BEFORE) + 1 if at > BEFORE else 0
    end = start + EXCERPT
    cut = f"{'… ' if start else ''}{line[start:end]}{' …' if end < len(line) else ''}"
    return marked(cut, words)


def marked(text: str, words: Sequence[str]) -> tuple[Piece, ...]:
    """Return a text in pieces, what was looked for apart."""
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
    return tuple((part, bool(at % 2)) for at, part in enumerate(parts) if part)
