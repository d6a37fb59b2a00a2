"""Judges an answer sentence by sentence while it is written: what each citation is worth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.conversations.checking.markers import MARKERS, Marker, markers_of
from appliance.conversations.checking.sentences import Sentence, SentenceReader
from appliance.conversations.checking.support import Claim, Verdict, rule
from appliance.conversations.evidence import DocumentOf, EvidenceLines

Group = tuple[re.Match[str], list[Marker]]  # markers that stand together


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an answer cites, in letters from its start, and the lines that hold there."""

    start: int
    end: int
    pieces: tuple[EvidenceLines, ...]  # none: all that stood there was struck


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sentence of an answer, judged."""

    sentence: Sentence
    verdict: Verdict
    citations: tuple[Citation, ...] = ()
    made: int = 0  # handles that it named
    struck: int = 0
    missing: tuple[str, ...] = ()  # what it names and no cited line holds

    @property
    def moved(self) -> int:
        return len({p.handle for one in self.citations for p in one.pieces if p.moved_from})

    def supported(self) -> Judgement:
        """Return the judgement of the sentence once its citations turned out to hold."""
        return replace(self, verdict=Verdict.SUPPORTED)

    def without_citations(self) -> Judgement:
        """Return the judgement of the sentence once its citations turned out not to hold."""
        bare = tuple(replace(one, pieces=()) for one in self.citations)
        return replace(self, verdict=Verdict.UNSUPPORTED, citations=bare, struck=self.made)


class Judging:
    """Takes an answer piece by piece and gives a judgement as soon as a sentence has ended."""

    def __init__(self, offered: Mapping[str, EvidenceLines], document_of: DocumentOf) -> None:
        self._offered = offered
        self._document_of = document_of
        self._reader = SentenceReader()

    def feed(self, piece: str) -> list[Judgement]:
        return self._judged(self._reader.feed(piece))

    def finish(self) -> list[Judgement]:
        return self._judged(self._reader.finish())

    def _judged(self, sentences: Sequence[Sentence]) -> list[Judgement]:
        return [judge(one, self._offered, self._document_of) for one in sentences]


def judge_answer(
    text: str, offered: Mapping[str, EvidenceLines], document_of: DocumentOf
) -> list[Judgement]:
    """Judge a whole answer."""
    judging = Judging(offered, document_of)
    return [*judging.feed(text), *judging.finish()]


def judge(
    sentence: Sentence, offered: Mapping[str, EvidenceLines], document_of: DocumentOf
) -> Judgement:
    """Resolve the markers of one sentence and test what they cite."""
    groups = [(found, list(markers_of(found[0]))) for found in MARKERS.finditer(sentence.text)]
    markers = [marker for _, of_group in groups for marker in of_group]
    claims = list(_claims(groups, offered))
    ruling = rule(sentence, claims, document_of)
    kept = iter(ruling.kept)
    citations = tuple(
        Citation(
            sentence.start + found.start(),
            sentence.start + found.end(),
            tuple(dict.fromkeys(_pieces(of_group, offered, kept))),
        )
        for found, of_group in groups
    )
    struck = len(markers) - sum(bool(pieces) for pieces in ruling.kept)
    is_bare = bool(markers) and not claims
    verdict = Verdict.UNSUPPORTED if is_bare else ruling.verdict
    return Judgement(sentence, verdict, citations, len(markers), struck, ruling.missing)


def _claims(groups: Sequence[Group], offered: Mapping[str, EvidenceLines]) -> Iterator[Claim]:
    before = 0
    for found, markers in groups:
        for marker in markers:
            if marker.handle in offered:
                clause = (before, found.start())
                yield Claim(offered[marker.handle], marker.span, clause)
        before = found.end()


def _pieces(
    markers: Sequence[Marker],
    offered: Mapping[str, EvidenceLines],
    kept: Iterator[tuple[EvidenceLines, ...]],
) -> Iterator[EvidenceLines]:
    for marker in markers:
        if marker.handle in offered:
            yield from next(kept)
