"""The server's side of citations: the model names handles, the server knows and checks lines.

While an answer is written, a marker counts when its lines were offered; once its sentence has
ended, what the judgement left of it counts. All else is struck from the answer and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.conversations.checking.judging import Judgement
from appliance.conversations.checking.markers import (
    MARKERS,
    UNFINISHED,
    Marker,
    in_brackets,
    markers_of,
)
from appliance.conversations.checking.mentions import mentions_in
from appliance.conversations.checking.support import Verdict
from appliance.conversations.evidence import EvidenceLines

CLOSES = tuple(" .,;:!?)\n")  # no space stands before these
# What joins two markers: "[E1], [E2] and [E3]".
JOINING = re.compile(r"\s*(?:,|;|/|&|and|or|und|oder|et|ou|y|o)\s*(?:and\s+)?|\s*,\s*(?:and|or)\s+")
MARKED = frozenset({Verdict.DOUBTFUL, Verdict.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class SentenceMark:
    """Stands behind a sentence that its citations do not carry."""

    verdict: Verdict
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameMark:
    """Stands behind a name that occurs nowhere in what the reader may read."""

    name: str


Segment = str | EvidenceLines | SentenceMark | NameMark
Place = tuple[int, int, tuple[Segment, ...]]  # letters of a text, and what stands there instead


@dataclass(frozen=True, slots=True)
class CompiledAnswer:
    """An answer in pieces: text, evidence where it is cited, marks where something is wrong."""

    segments: tuple[Segment, ...]
    struck: int
    judgements: tuple[Judgement, ...] = ()
    unknown: tuple[str, ...] = ()  # names that occur nowhere

    @property
    def cited(self) -> tuple[EvidenceLines, ...]:
        """Return each cited piece of evidence once, in order of first citation."""
        return tuple(dict.fromkeys(s for s in self.segments if isinstance(s, EvidenceLines)))

    @property
    def text(self) -> str:
        """Return the answer with only the markers that hold, and without marks."""
        return "".join(map(_as_text, self.segments))


def compile_answer(
    text: str,
    offered: Mapping[str, EvidenceLines],
    holds: Callable[[EvidenceLines], bool] = lambda evidence: True,
) -> CompiledAnswer:
    """Resolve every marker against the offered evidence; strike the rest.

    `holds` may refuse lines; each piece of evidence is asked for once.
    """
    places: list[Place] = []
    struck = 0
    verdicts: dict[EvidenceLines, bool] = {}
    for match in MARKERS.finditer(in_brackets(text)):
        kept: list[Segment] = []
        for marker in markers_of(match.group()):
            evidence = _resolve(marker, offered)
            if evidence is not None and evidence not in verdicts:
                verdicts[evidence] = holds(evidence)
            if evidence is None or not verdicts[evidence]:
                struck += 1
            elif evidence not in kept:
                kept.append(evidence)
        places.append((match.start(), match.end(), tuple(kept)))
    return CompiledAnswer(_without_empty(_laid(text, places)), struck)


def compile_judged(
    judgements: Sequence[Judgement], *, unknown: Iterable[str] = ()
) -> CompiledAnswer:
    """Put a judged answer together: what each sentence keeps, and the marks behind it."""
    names = tuple(dict.fromkeys(unknown))
    segments = [segment for one in judgements for segment in _segments(one, frozenset(names))]
    struck = sum(one.struck for one in judgements)
    return CompiledAnswer(_without_empty(segments), struck, tuple(judgements), names)


def without_markers(text: str) -> str:
    """Return an answer as an earlier turn: its handles mean nothing beside other evidence."""
    return compile_answer(text, {}).text


def _segments(judgement: Judgement, unknown: frozenset[str]) -> Iterator[Segment]:
    """Yield a sentence with its citations and marks, each at its place."""
    sentence = judgement.sentence
    text = sentence.text
    body = len(text.rstrip(" \t\n|"))  # a mark stays in the last cell of a table's row
    places: list[Place] = [
        (one.start - sentence.start, one.end - sentence.start, one.pieces)
        for one in judgement.citations
    ]
    if unknown:
        places += [
            (found.end, found.end, (NameMark(found.text),))
            for found in mentions_in(sentence)
            if found.text in unknown
        ]
    if judgement.verdict in MARKED and not sentence.is_code:
        places.append((body, body, (SentenceMark(judgement.verdict, judgement.missing),)))
    yield from _laid(text, sorted(places, key=lambda place: place[:2]))


def _laid(text: str, places: Iterable[Place]) -> Iterator[Segment]:
    """Yield a text with what was kept at each place; what was struck leaves no gap behind."""
    position = 0
    was_struck = False  # the marker before: what joins the two goes with it
    for first, last, kept in places:
        start, end = _with_wrapping(text, first, last, is_kept=bool(kept))
        before = text[position:start] if start > position else ""
        if is_marker := first < last:
            if position and JOINING.fullmatch(before) and (was_struck or not kept):
                before = " " if kept else ""
            was_struck = not kept
        yield before if kept else _closed(before, text[end : end + 1])
        yield from kept
        position = max(position, end) if is_marker else max(position, start)
    yield text[position:]


def _with_wrapping(text: str, start: int, end: int, *, is_kept: bool) -> tuple[int, int]:
    """Return a marker's place with the ticks around it, and with the brackets around one that was
    struck: neither stands for anything without it."""
    around = f"{text[max(0, start - 1) : start]}{text[end : end + 1]}"
    is_code = around == "``" and text.count("`", 0, start) % 2 == 1
    if start < end and ((is_code and "``" not in text) or (around == "()" and not is_kept)):
        return start - 1, end + 1
    return start, end


def _as_text(segment: Segment) -> str:
    if isinstance(segment, str):
        return segment
    return f"[{segment.handle}]" if isinstance(segment, EvidenceLines) else ""


def _without_empty(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    return tuple(segment for segment in segments if segment != "")


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
