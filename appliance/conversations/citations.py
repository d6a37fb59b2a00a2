"""The server's side of citations: the model names handles, the server knows and checks lines.

A marker is a bracket that begins with a handle: `[E3]`, `[E3, E5]`, or with lines `[E3:12-20]`.
Whatever does not resolve to lines that were offered is struck from the answer and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from appliance.conversations.evidence import EvidenceLines
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
_MARKERS = re.compile(rf"{MARKER.pattern}(?:[ ]?{MARKER.pattern})*", re.IGNORECASE)
# A marker that the stream has not finished yet.
UNFINISHED = re.compile(rf"\[\s{{0,3}}(?:E(?:{_NUMBER}(?:{_END}[^\[\]\n]*)?)?)?\Z", re.IGNORECASE)
NOWHERE = Span(1, 10**9)  # inside no evidence, so it is struck
CLOSES = tuple(" .,;:!?)\n")  # no space stands before these


@dataclass(frozen=True, slots=True)
class Marker:
    """One handle at one place of an answer, as the model wrote it."""

    handle: str
    span: Span | None  # None: the whole evidence


Segment = str | EvidenceLines


@dataclass(frozen=True, slots=True)
class CompiledAnswer:
    """An answer in pieces: text, and evidence where the answer cites it."""

    segments: tuple[Segment, ...]
    struck: int

    @property
    def cited(self) -> tuple[EvidenceLines, ...]:
        """Return each cited piece of evidence once, in order of first citation."""
        return tuple(dict.fromkeys(s for s in self.segments if isinstance(s, EvidenceLines)))

    @property
    def text(self) -> str:
        """Return the answer with only the markers that hold."""
        return "".join(s if isinstance(s, str) else f"[{s.handle}]" for s in self.segments)


def compile_answer(
    text: str,
    offered: Mapping[str, EvidenceLines],
    holds: Callable[[EvidenceLines], bool] = lambda evidence: True,
) -> CompiledAnswer:
    """Resolve every marker against the offered evidence; strike the rest.

    `holds` checks the lines against what is stored; each piece of evidence is checked once.
    """
    segments: list[Segment] = []
    struck = position = 0
    verdicts: dict[EvidenceLines, bool] = {}
    for match in _MARKERS.finditer(text):
        kept: list[Segment] = []
        for marker in markers_of(match.group()):
            evidence = _resolve(marker, offered)
            if evidence is not None and evidence not in verdicts:
                verdicts[evidence] = holds(evidence)
            if evidence is None or not verdicts[evidence]:
                struck += 1
            elif evidence not in kept:
                kept.append(evidence)
        before = text[position : match.start()]
        position = match.end()
        segments += [before if kept else _closed(before, text[position : position + 1]), *kept]
    segments.append(text[position:])
    return CompiledAnswer(tuple(segment for segment in segments if segment != ""), struck)


def markers_of(text: str) -> Iterator[Marker]:
    """Yield the handles inside brackets, in the form in which they are offered."""
    for one in _ONE.finditer(text):
        number = one["number"].lstrip("0")
        yield Marker(f"E{number}", _span(one["first"], one["last"]))


def without_markers(text: str) -> str:
    """Return an answer as an earlier turn: its handles mean nothing beside other evidence."""
    return compile_answer(text, {}).text


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


def _resolve(marker: Marker, offered: Mapping[str, EvidenceLines]) -> EvidenceLines | None:
    evidence = offered.get(marker.handle)
    if evidence is None or marker.span is None:
        return evidence
    return evidence.narrowed_to(marker.span) if evidence.span.contains(marker.span) else None


def _closed(before: str, following: str) -> str:
    """Close the gap that a struck marker leaves in front of a space, punctuation or the end.

    An opened bracket goes too: without what was struck, `[E7[E8]]` would read `[E7]`.
    """
    before = UNFINISHED.sub("", before)
    return before.rstrip(" ") if following == "" or following in CLOSES else before
