"""The server's side of citations: the model names handles, the server knows and checks lines.

While an answer is written, a marker counts when its lines were offered; once its sentence has
ended, what the judgement left of it counts. All else is struck from the answer and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.conversations.checking.judging import Judgement
from appliance.conversations.checking.markers import MARKERS, UNFINISHED, Marker, markers_of
from appliance.conversations.checking.mentions import mentions_in
from appliance.conversations.checking.support import Verdict
from appliance.conversations.evidence import EvidenceLines

CLOSES = tuple(" .,;:!?)\n")  # no space stands before these
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
    segments: list[Segment] = []
    struck = position = 0
    verdicts: dict[EvidenceLines, bool] = {}
    for match in MARKERS.finditer(text):
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
    return CompiledAnswer(_without_empty(segments), struck)


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
    places: list[tuple[int, int, tuple[Segment, ...]]] = [
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
    position = 0
    for start, end, kept in sorted(places, key=lambda place: place[:2]):
        before = text[position:start]
        yield before if kept else _closed(before, text[end : end + 1])
        yield from kept
        position = end
    yield text[position:]


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
