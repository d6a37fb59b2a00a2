"""Split prose at its headings: sections are to a document what definitions are to a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.chunking.lines import Lines
from indexer.chunking.pieces import Piece, Scope, merge
from indexer.chunking.registry import ChunkSpan

MAX_TITLE = 120


@dataclass(frozen=True, slots=True)
class Heading:
    line: int
    level: int  # 1 is the highest
    title: str


def chunk_sections(lines: Lines, headings: Sequence[Heading]) -> list[ChunkSpan]:
    """Split between headings, in document order; a whole small section stays in one piece."""
    return merge(_pieces(lines, headings), lines)


def _pieces(lines: Lines, headings: Sequence[Heading]) -> Iterator[Piece]:
    """Walk the headings once; a section that fits swallows the smaller ones below it."""
    ends = _section_ends(headings, lines.count)
    first = headings[0].line if headings else lines.count + 1
    yield from _windows(lines, 1, first - 1, None)
    enclosing: list[tuple[Heading, Scope]] = []
    done = 0  # last line that has been given to a piece
    for at, heading in enumerate(headings):
        if heading.line <= done:
            continue
        while enclosing and enclosing[-1][0].level >= heading.level:
            enclosing.pop()
        parent = enclosing[-1][1] if enclosing else None
        scope = _scope(heading, ends[at], parent)
        if lines.fits(heading.line, ends[at]):
            done = ends[at]
            yield Piece(heading.line, done, parent, (scope,))
            continue
        enclosing.append((heading, scope))
        done = headings[at + 1].line - 1 if at + 1 < len(headings) else lines.count
        yield from _windows(lines, heading.line, done, scope)


def _section_ends(headings: Sequence[Heading], last_line: int) -> list[int]:
    """Return the last line of each section, its subsections included."""
    ends = [last_line] * len(headings)
    open_ones: list[int] = []
    for at, heading in enumerate(headings):
        while open_ones and headings[open_ones[-1]].level >= heading.level:
            ends[open_ones.pop()] = heading.line - 1
        open_ones.append(at)
    return ends


def _windows(lines: Lines, start: int, end: int, scope: Scope | None) -> Iterator[Piece]:
    for first, last in lines.windows(start, end):
        yield Piece(first, last, scope)


def _scope(heading: Heading, end: int, parent: Scope | None) -> Scope:
    title = heading.title[:MAX_TITLE]
    name = f"{parent.name} > {title}" if parent else title
    return Scope(name, "section", title, "", heading.line, end, parent)
