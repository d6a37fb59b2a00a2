"""The evidence ledger: places that were found, with a line about each, instead of their text.

It is what the planner sees; the text itself is read again when the answer is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from appliance.conversations.answering.steps import FoundLines
from indexer.spans import Span

MOST_ENTRIES = 60
FOUND_AGAIN = 0.1  # what a place gains that another step finds too
MAX_LINES = 120  # of places that are joined
NUMBER = re.compile(r"[Pp](\d{1,4})(?=\s|$)")  # small models copy the line behind it too


@dataclass(frozen=True, slots=True)
class Entry:
    """A place under a number that the planner may name: P3."""

    number: int
    step: int
    lines: FoundLines

    def __str__(self) -> str:
        """Return the line that the planner sees."""
        found = self.lines
        where = f"{found.source}/{found.path} lines {found.span.start_line}-{found.span.end_line}"
        symbol = f" `{found.symbol}`" if found.symbol else ""
        return f"P{self.number} {where}{symbol}" + (f": {found.note}" if found.note else "")


@dataclass(frozen=True, slots=True)
class Ledger:
    entries: tuple[Entry, ...] = ()

    def with_found(self, found: Iterable[FoundLines], step: int) -> Ledger:
        """Return the ledger with what a step found; a place that is there already gains by it."""
        entries = list(self.entries)
        number = max((entry.number for entry in entries), default=0)
        for lines in found:
            at = next((n for n, one in enumerate(entries) if _is_same(one.lines, lines)), None)
            if at is None:
                number += 1
                entries.append(Entry(number, step, lines))
            else:
                entries[at] = replace(entries[at], lines=_joined(entries[at].lines, lines))
        weakest_last = sorted(entries, key=lambda one: (-one.lines.score, -one.step, one.number))
        kept = weakest_last[:MOST_ENTRIES]
        return Ledger(tuple(sorted(kept, key=lambda one: one.number)))

    def best_first(self) -> list[Entry]:
        return sorted(self.entries, key=lambda one: (-one.lines.score, one.number))

    def named(self, text: str) -> Entry | None:
        """Return the entry of a number such as P3."""
        found = NUMBER.match(text.strip("[]() "))
        wanted = int(found[1]) if found else 0
        return next((entry for entry in self.entries if entry.number == wanted), None)

    def merged(self) -> tuple[FoundLines, ...]:
        """Return the places, best first, no line of a document in two of them."""
        kept: list[FoundLines] = []
        for entry in self.best_first():
            lines: FoundLines | None = entry.lines
            for at, other in enumerate(kept):
                if lines is None or not _overlap(other, lines):
                    continue
                hull = _hull(other.span, lines.span)
                if hull.line_count <= MAX_LINES:
                    kept[at], lines = _joined(other, lines), None
                else:
                    lines = _rest(lines, other.span)
            if lines is not None:
                kept.append(lines)
        return tuple(_without_overlaps(kept))


def _without_overlaps(found: Iterable[FoundLines]) -> Iterator[FoundLines]:
    """Yield the places again; of two that joining has brought together the weaker is cut."""
    shown: list[FoundLines] = []
    for one in found:
        lines: FoundLines | None = one
        for other in shown:
            if lines is not None and _overlap(other, lines):
                lines = _rest(lines, other.span)
        if lines is not None:
            shown.append(lines)
            yield lines


def _is_same(one: FoundLines, other: FoundLines) -> bool:
    return _overlap(one, other) and (one.span.contains(other.span) or other.span.contains(one.span))


def _overlap(one: FoundLines, other: FoundLines) -> bool:
    same = (one.place, one.commit, one.blob_id) == (other.place, other.commit, other.blob_id)
    return same and one.span.overlaps(other.span)


def _joined(one: FoundLines, other: FoundLines) -> FoundLines:
    """Return both as one place, with the words of the better."""
    better, weaker = (one, other) if one.score >= other.score else (other, one)
    core = _hull(better.core or better.span, weaker.core or weaker.span)
    return replace(
        better,
        span=_hull(one.span, other.span),
        core=core,
        score=min(1.0, better.score + FOUND_AGAIN),
        symbol=better.symbol or weaker.symbol,
        note=better.note or weaker.note,
        legs=tuple(dict.fromkeys((*better.legs, *weaker.legs))),
    )


def _rest(lines: FoundLines, taken: Span) -> FoundLines | None:
    """Return the part before or after lines that are shown already, the longer one."""
    before = taken.start_line - lines.span.start_line
    after = lines.span.end_line - taken.end_line
    if before <= 0 and after <= 0:
        return None
    if before >= after:
        span = Span(lines.span.start_line, taken.start_line - 1)
    else:
        span = Span(taken.end_line + 1, lines.span.end_line)
    return replace(lines, span=span, core=None)


def _hull(one: Span, other: Span) -> Span:
    return Span(min(one.start_line, other.start_line), max(one.end_line, other.end_line))
