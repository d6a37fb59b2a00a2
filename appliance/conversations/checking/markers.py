"""The marks that a model sets where it cites: a bracket that begins with a handle.

`[E3]`, `[E3, E5]`, or with lines `[E3:12-20]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.spans import Span

# Repeated spaces are bounded: an answer may be a megabyte of them.
_NUMBER = r"[0-9]+"
_LINES = (
    rf"(?:\s{{0,2}}(?:[:#,]\s{{0,2}})?(?:L|lines?\s)\s?|\s{{0,2}}[:#]\s{{0,2}})"
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
NOWHERE = Span(1, 10**9)  # inside no evidence


@dataclass(frozen=True, slots=True)
class Marker:
    """One handle at one place of an answer, as the model wrote it."""

    handle: str
    span: Span | None  # None: the whole evidence


def markers_of(text: str) -> Iterator[Marker]:
    """Yield the handles inside brackets, in the form in which they are offered."""
    for one in _ONE.finditer(text):
        number = one["number"].lstrip("0")
        yield Marker(f"E{number}", _span(one["first"], one["last"]))


def without_unfinished(text: str) -> str:
    """Cut a marker that is still being written, so that it does not flicker in the page."""
    return UNFINISHED.sub("", text)


def _span(first: str | None, last: str | None) -> Span | None:
    if first is None:
        return None
    try:
        return Span(int(first), int(last or first))
    except ValueError:  # backwards, from line 0, or with more digits than a number may have
        return NOWHERE
