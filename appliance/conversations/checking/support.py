"""Do the cited lines say what the sentence says? Decided by what the sentence names.

Every mention of a sentence must stand in the lines that it cites, in their path, or be the name of
what they belong to. What stands elsewhere in the same document moves the range there; what stands
nowhere in it costs the sentence its citations, but for those behind a clause that they carry: of
"`a` calls `b` [E1] and `c` [E2]" the first may stay. A sentence that names nothing is measured by its
words; below the bar it is doubtful, and keeps its citation.

After ALCE's citation recall and precision (Gao et al. 2023), with mentions in the place of an
entailment model: what that says of code has not been measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from appliance.conversations.checking.lines import LineFinder, normal
from appliance.conversations.checking.mentions import SEPARATOR, Kind, Mention, mentions_in
from appliance.conversations.checking.sentences import Sentence
from appliance.conversations.checking.windows import grown, smallest_window
from appliance.conversations.evidence import CitedDocument, DocumentOf, EvidenceLines
from appliance.conversations.telling import telling_words
from indexer.lexical.terms import terms
from indexer.spans import Span

WIDEST = 40  # lines of a range that was moved; a wider one shows nothing
WORDS_BAR = 0.4  # of a sentence's telling words, in the cited lines: docs/experiments.md
CODE_BAR = 0.5  # of the names of a block of code: an example has names of its own

Mentions = frozenset[Mention]


class Verdict(StrEnum):
    SUPPORTED = "supported"
    MOVED = "moved"  # supported by lines elsewhere in the cited document
    DOUBTFUL = "doubtful"  # names nothing that could be looked up, and shares few words
    UNSUPPORTED = "unsupported"
    UNCITED = "uncited"  # names something and cites nothing
    PLAIN = "plain"  # neither names nor cites


@dataclass(frozen=True, slots=True)
class Claim:
    """A marker that names offered evidence, and the lines of it that it asks for."""

    evidence: EvidenceLines
    asked: Span | None = None  # None: all of it; may lie outside
    clause: tuple[int, int] = (0, 0)  # letters of the sentence from the marker before it to it


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of a sentence's claims: for each the lines that hold, none when it is struck."""

    verdict: Verdict
    kept: tuple[tuple[EvidenceLines, ...], ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cited:
    """A claim with its document, and the ranges that it stands for now."""

    claim: Claim
    document: CitedDocument
    finder: LineFinder
    ranges: tuple[Span, ...]  # empty: what was asked for lies outside the evidence

    def holding(self, mentions: Mentions) -> Mentions:
        """Return which mentions stand in the ranges or in their place."""
        if not self.ranges:
            return frozenset()
        return frozenset(one for one in mentions if self._is_in_place(one) or self._lines_of(one))

    def moved_to(self, held: Mentions, missing: Mentions) -> _Cited:
        """Return the claim with ranges that hold the missing mentions too, as far as possible."""
        here = frozenset(
            one for one in missing if self.finder.lines_with(one) or self._is_path(one)
        )
        for wanted, kept in ((held | here, ()), (here, self.ranges if held else ())):
            if all(one.kind is Kind.NUMBER for one in wanted):
                continue  # a number alone stands anywhere
            if here and (span := self._window(wanted)):
                return replace(self, ranges=(*kept, span))
        return self

    def closer(self, held: Mentions) -> _Cited:
        """Return the claim with the lines that say it, where it cites more than anyone reads.

        Lines that the model asked for stay: only evidence cited as a whole is narrowed.
        """
        given = self.claim.evidence.span
        if self.claim.asked or self.ranges != (given,) or given.line_count <= WIDEST:
            return self
        inside = [
            [
                line
                for line in self.finder.lines_with(one)
                if given.start_line <= line <= given.end_line
            ]
            for one in held
        ]
        near = given.start_line
        window = smallest_window([lines for lines in inside if lines], near=near)
        if window is None or window.line_count > WIDEST:
            return self
        span = grown(window, self.document.definitions)
        return replace(self, ranges=(span if given.contains(span) else window,))

    def evidence(self) -> tuple[EvidenceLines, ...]:
        """Return the ranges as evidence; those that were moved say from where."""
        given = self.claim.evidence
        asked = self.claim.asked or given.span
        return tuple(
            given.narrowed_to(span)
            if asked.contains(span) and given.span.contains(span)
            else replace(
                given,
                span=span,
                text="\n".join(span.lines_of(self.document.text)),
                symbol=given.symbol if given.span.contains(span) else "",
                moved_from=asked if given.span.contains(asked) else given.span,
            )
            for span in self.ranges
        )

    def _window(self, wanted: Mentions) -> Span | None:
        places = [self.finder.lines_with(one) for one in wanted if not self._is_path(one)]
        if not places:
            return None
        near = (self.claim.asked or self.claim.evidence.span).start_line
        window = smallest_window(places, near=near)
        if window is None or window.line_count > WIDEST:
            return None
        return grown(window, self.document.definitions)

    def _lines_of(self, mention: Mention) -> bool:
        return any(
            span.start_line <= line <= span.end_line
            for line in self.finder.lines_with(mention)
            for span in self.ranges
        )

    def _is_in_place(self, mention: Mention) -> bool:
        given = self.claim.evidence
        # What the evidence belongs to does not go with a range that moved out of it.
        symbol = given.symbol if any(map(given.span.contains, self.ranges)) else ""
        return is_in_place(mention, given, symbol)

    def _is_path(self, mention: Mention) -> bool:
        return is_in_place(mention, self.claim.evidence, "")


def is_in_place(mention: Mention, evidence: EvidenceLines, symbol: str) -> bool:
    """Return whether the mention is the evidence's path, or the name of what it belongs to."""
    path = f"{evidence.source}/{evidence.path}".casefold()
    if mention.kind is Kind.PATH:
        wanted = mention.text.removeprefix("./").strip("/").casefold()
        return f"/{wanted}/" in f"/{path}/"
    if mention.kind is not Kind.NAME:
        return False
    names = {normal(part) for part in (*path.split("/"), *SEPARATOR.split(symbol))}
    names |= {normal(part.rpartition(".")[0]) for part in path.split("/")}
    return all(normal(part) in names for part in SEPARATOR.split(mention.text))


def rule(sentence: Sentence, claims: Sequence[Claim], document_of: DocumentOf) -> Ruling:
    """Decide what becomes of the claims of one sentence."""
    named = mentions_in(sentence)
    mentions = frozenset(replace(one, end=0) for one in named)
    if not claims:
        return Ruling(Verdict.UNCITED if mentions else Verdict.PLAIN, ())
    cited = [_cited(claim, document_of(claim.evidence)) for claim in claims]
    if sentence.is_code:
        return _by_share(sentence, mentions, cited)
    if not mentions:
        return _by_words(sentence, cited)
    return _by_mentions(mentions, cited, named)


def _cited(claim: Claim, document: CitedDocument | None) -> _Cited | None:
    """Return the claim in its document; None when the lines are not there as they were offered."""
    given = claim.evidence
    if document is None:
        return None
    lines = given.span.lines_of(document.text)
    is_whole = len(lines) == given.span.line_count
    if not is_whole or lines != given.text.split("\n"):
        return None
    asked = claim.asked or given.span
    finder = document.finder or LineFinder(given.text, given.span.start_line)
    return _Cited(claim, document, finder, (asked,) if given.span.contains(asked) else ())


def _by_mentions(
    mentions: Mentions, cited: Sequence[_Cited | None], named: Sequence[Mention]
) -> Ruling:
    held = [one.holding(mentions) if one else frozenset() for one in cited]
    missing = mentions.difference(*held)
    final = [
        one.moved_to(has, missing if has else mentions) if one and (missing or not has) else one
        for one, has in zip(cited, held, strict=True)
    ]
    held = [one.holding(mentions) if one else frozenset() for one in final]
    missing = mentions.difference(*held)
    if missing:
        texts = tuple(sorted({one.text for one in missing}))
        carried = tuple(
            one.evidence() if one and _carries_clause(one, has, named) else ()
            for one, has in zip(final, held, strict=True)
        )
        return Ruling(Verdict.UNSUPPORTED, carried, texts)
    kept = tuple(
        one.closer(has).evidence() if one and has else ()
        for one, has in zip(final, held, strict=True)
    )
    is_moved = any(piece.moved_from for pieces in kept for piece in pieces)
    return Ruling(Verdict.MOVED if is_moved else Verdict.SUPPORTED, kept)


def _carries_clause(cited: _Cited, held: Mentions, named: Sequence[Mention]) -> bool:
    """Return whether all that is named right before the marker stands in what it cites."""
    start, end = cited.claim.clause
    clause = frozenset(replace(one, end=0) for one in named if start < one.end <= end)
    return clause <= held and any(one.kind is not Kind.NUMBER for one in clause)


def _by_words(sentence: Sentence, cited: Sequence[_Cited | None]) -> Ruling:
    kept = tuple(one.evidence() if one else () for one in cited)
    if not any(kept):
        return Ruling(Verdict.UNSUPPORTED, kept)
    share = word_share(sentence.text, [piece for pieces in kept for piece in pieces])
    return Ruling(Verdict.SUPPORTED if share >= WORDS_BAR else Verdict.DOUBTFUL, kept)


def word_share(text: str, pieces: Sequence[EvidenceLines]) -> float:
    """Return which part of a sentence's telling words stands in the lines; 1 without any."""
    telling = [found for word in telling_words(text) if (found := terms(word))]
    known = {
        term for piece in pieces for term in terms(f"{piece.path}\n{piece.symbol}\n{piece.text}")
    }
    return sum(known.issuperset(word) for word in telling) / len(telling) if telling else 1.0


def _by_share(sentence: Sentence, mentions: Mentions, cited: Sequence[_Cited | None]) -> Ruling:
    """Decide over a block of code: its own names need not stand in what it cites."""
    kept = tuple(one.evidence() if one else () for one in cited)
    names = frozenset(one for one in mentions if one.kind is not Kind.NUMBER)
    held = frozenset[Mention]().union(*(one.holding(names) for one in cited if one))
    if any(kept) and len(held) >= CODE_BAR * len(names):
        return Ruling(Verdict.SUPPORTED, kept)
    missing = tuple(sorted({one.text for one in names - held}))
    return Ruling(Verdict.UNSUPPORTED, ((),) * len(cited), missing)
