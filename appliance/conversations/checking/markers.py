"""The marks that a model sets where it cites: a bracket that begins with a handle.

`[E3]`, `[E3, E5]`, or with lines `[E3:12-20]`. Some models know one way to cite alone, and write
`【E3†L12-L20】`: that is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.spans import Span

# Repeated spaces are bounded: an answer may be a megabyte of them.
_NUMBER = r"[0-9]+"
_LINES = (
    rf"(?:\s{{0,2}}(?:[:#,\u2020]\s{{0,2}})?(?:L|lines?\s)\s?|\s{{0,2}}[:#]\s{{0,2}})"
    rf"(?P<first>{_NUMBER})(?:\s{{0,2}}[-\u2013]\s{{0,2}}L?(?P<last>{_NUMBER}))?"
)
_END = r"(?:\b|(?=L[0-9]))"
_ONE = re.compile(rf"\bE(?P<number>{_NUMBER}){_END}(?:{_LINES})?", re.IGNORECASE)
# Models write more inside the brackets than they were told to (`[E1 and E2]`, `[E1, see above]`):
# what begins with a handle is a marker as a whole, so that no unchecked handle is left in the text.
MARKER = re.compile(rf"\[\s{{0,3}}E{_NUMBER}{_END}[^\[\]\n]*\]", re.IGNORECASE)
MARKERS = re.compile(rf"{MARKER.pattern}(?:[ ]?{MARKER.pattern})*", re.IGNORECASE)
# A marker that the stream has not finished yet.
UNFINISHED = re.compile(rf"\[\s{{0,3}}(?:E(?:{_NUMBER}(?:{_END}[^\[\]\n]*)?)?)?\Z", re.IGNORECASE)
_BRACKETS = str.maketrans("\u3010\u3011", "[]")
NOWHERE = Span(1, 10**9)  # inside no evidence


@dataclass(frozen=True, slots=True)
class Marker:
    """One handle at one place of an answer, as the model wrote it."""

    handle: str
    span: Span | None  # None: the whole evidence


def in_brackets(text: str) -> str:
    """Return a text, letter for letter as long, with its markers in square brackets.

    A pattern for both kinds would look at every letter: four times as long.
    """
    return text.translate(_BRACKETS) if "\u3010" in text or "\u3011" in text else text


def markers_of(text: str) -> Iterator[Marker]:
    """Yield the handles inside brackets, in the form in which they are offered."""
    for one in _ONE.finditer(text):
        number = one["number"].lstrip("0")
        yield Marker(f"E{number}", _span(one["first"], one["last"]))


def without_unfinished(text: str) -> str:
    """Cut a marker that is still being written, so that it does not flicker in the page."""
    unfinished = UNFINISHED.search(in_brackets(text))
    return text[: unfinished.start()] if unfinished else text


def _span(first: str | None, last: str | None) -> Span | None:
    if first is None:
        return None
    try:
        return Span(int(first), int(last or first))
    except ValueError:  # backwards, from line 0, or with more digits than a number may have
        return NOWHERE
