"""Finds cited lines in a later text: at their place, elsewhere, or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.spans import Span

# A bracket or an `else` stands everywhere: so many letters make lines that can be recognised.
TELLING_LETTERS = 8
LETTER = re.compile(r"[^\W_]")


def place_of(lines: Sequence[str], span: Span, text: str) -> Span | None:
    """Return where the lines of a span stand in a text: there if they may, else the nearest place.

    None when they do not stand there, or are too few letters to be known again elsewhere.
    """
    wanted, found = list(lines), text.split("\n")
    if found[span.start_line - 1 : span.end_line] == wanted:
        return span
    if not is_telling(wanted):
        return None
    starts = [
        at
        for at, line in enumerate(found)
        if line == wanted[0] and found[at : at + len(wanted)] == wanted
    ]
    if not starts:
        return None
    nearest = min(starts, key=lambda at: abs(at + 1 - span.start_line))
    return Span(nearest + 1, nearest + len(wanted))


def is_telling(lines: Sequence[str]) -> bool:
    """Return whether lines can be told from others by what they say."""
    return len(LETTER.findall("".join(lines))) >= TELLING_LETTERS
