"""The server's side of citations: the model names handles, the server knows and checks lines.

A marker is `[E3]`, `[E3, E5]`, or with lines `[E3:12-20]`. Whatever does not resolve to lines
that were offered is struck from the answer and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.conversations.evidence import EvidenceLines
from indexer.spans import Span

_LINES = r"(?:\s*[:#]?\s*L?(?P<first>\d{1,7})(?:\s*[-\u2013]\s*L?(?P<last>\d{1,7}))?)?"
_ONE = re.compile(rf"E(?P<number>\d{{1,3}}){_LINES}", re.IGNORECASE)
_PART = r"E\d{1,3}(?:\s*[:#]?\s*L?\d{1,7}(?:\s*[-\u2013]\s*L?\d{1,7})?)?"
MARKER = re.compile(rf"\[\s*{_PART}(?:\s*[,;]\s*{_PART})*\s*\]", re.IGNORECASE)
UNFINISHED = re.compile(r"\[[^\]\n]{0,40}$")  # a marker that the stream has not finished yet


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
    struck = 0
    position = 0
    verdicts: dict[EvidenceLines, bool] = {}
    for match in MARKER.finditer(text):
        segments.append(text[position : match.start()])
        position = match.end()
        for marker in markers_of(match.group()):
            evidence = _resolve(marker, offered)
            if evidence is not None and evidence not in verdicts:
                verdicts[evidence] = holds(evidence)
            if evidence is None or not verdicts[evidence]:
                struck += 1
            elif segments[-1:] != [evidence]:
                segments.append(evidence)
    segments.append(text[position:])
    return CompiledAnswer(tuple(s for s in _tidied(segments) if s != ""), struck)


def markers_of(text: str) -> list[Marker]:
    """Return the handles inside one pair of brackets."""
    return [
        Marker(f"E{int(one['number'])}", _span(one["first"], one["last"]))
        for one in _ONE.finditer(text)
    ]


def without_unfinished(text: str) -> str:
    """Cut a marker that is still being written, so that it does not flicker in the page."""
    return UNFINISHED.sub("", text)


def _span(first: str | None, last: str | None) -> Span | None:
    if first is None:
        return None
    try:
        return Span(int(first), int(last or first))
    except ValueError:
        return Span(1, 10**9)  # backwards or from line 0: inside no evidence, so it is struck


def _resolve(marker: Marker, offered: Mapping[str, EvidenceLines]) -> EvidenceLines | None:
    evidence = offered.get(marker.handle)
    if evidence is None or marker.span is None:
        return evidence
    return evidence.narrowed_to(marker.span) if evidence.span.contains(marker.span) else None


def _tidied(segments: list[Segment]) -> list[Segment]:
    """Close the gap that a struck marker leaves before punctuation."""
    tidied: list[Segment] = []
    for segment in segments:
        if isinstance(segment, str) and tidied and isinstance(tidied[-1], str):
            joined = tidied.pop()
            assert isinstance(joined, str)  # noqa: S101  narrowing for the type checker
            gap = joined.rstrip(" ") if re.match(r"\s*[.,;:!?\n]|\s*$", segment) else joined
            segment = gap + (
                segment if gap != joined or not joined.endswith(" ") else segment.lstrip(" ")
            )
        tidied.append(segment)
    return tidied
