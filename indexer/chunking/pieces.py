"""Join small neighbouring pieces into chunks, and say what each chunk belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from indexer.chunking.lines import Lines
from indexer.chunking.registry import ChunkSpan
from indexer.spans import Span

TINY_WEIGHT = 80  # a closing brace and the like never stands alone
MAX_SYMBOL = 200
MAX_CONTEXT_LINES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A definition: what a piece is, or what it is a part of."""

    name: str  # qualified
    kind: str
    signature: str  # one line
    doc: str  # first line of its docstring or comment
    start_line: int
    end_line: int
    parent: Scope | None

    def chain(self) -> list[Scope]:
        """Return the enclosing definitions and this one, outermost first."""
        scopes: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            scopes.append(scope)
            scope = scope.parent
        return scopes[::-1]


@dataclass(frozen=True, slots=True)
class Piece:
    start: int
    end: int
    scope: Scope | None  # the innermost definition that was split to get here
    definitions: tuple[Scope, ...] = ()  # what is whole in this piece


def merge(pieces: Iterable[Piece], lines: Lines) -> list[ChunkSpan]:
    """Turn pieces in document order into chunks."""
    groups = _join_tiny(_join_siblings(pieces, lines), lines)
    return [chunk for group in groups if (chunk := _to_chunk(group, lines))]


def _join_siblings(pieces: Iterable[Piece], lines: Lines) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    for piece in pieces:
        if group and not _may_join(group, piece, lines):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _may_join(group: list[Piece], piece: Piece, lines: Lines) -> bool:
    return group[0].scope is piece.scope and lines.fits(group[0].start, piece.end)


def _join_tiny(groups: Iterable[list[Piece]], lines: Lines) -> list[list[Piece]]:
    joined: list[list[Piece]] = []
    for group in groups:
        if joined and _one_is_tiny(joined[-1], group, lines):
            joined[-1] = joined[-1] + group
        else:
            joined.append(group)
    return joined


def _one_is_tiny(before: list[Piece], after: list[Piece], lines: Lines) -> bool:
    small = min(
        lines.weight(before[0].start, before[-1].end), lines.weight(after[0].start, after[-1].end)
    )
    return small < TINY_WEIGHT and lines.fits_hard(before[0].start, after[-1].end)


def _to_chunk(group: list[Piece], lines: Lines) -> ChunkSpan | None:
    trimmed = lines.trimmed(group[0].start, group[-1].end)
    if trimmed is None:
        return None
    start, end = trimmed
    main = _main_scope(group, lines)
    return ChunkSpan(
        span=Span(start, end),
        symbol=main.name[:MAX_SYMBOL] if main else "",
        kind=main.kind if main else "block",
        context=_context(main, start) if main else "",
    )


def _main_scope(group: list[Piece], lines: Lines) -> Scope | None:
    """Return the definition that most of the text belongs to; the first one among equals."""
    shares: dict[Scope, int] = {}
    for piece in group:
        for scope in piece.definitions:
            shares[scope] = lines.weight(scope.start_line, min(scope.end_line, piece.end))
        if piece.scope and not piece.definitions:
            weight = lines.weight(piece.start, piece.end)
            shares[piece.scope] = shares.get(piece.scope, 0) + weight
    return max(shares, key=shares.__getitem__, default=None)


def _context(main: Scope, start: int) -> str:
    """Name what the chunk's own text does not: the enclosing definitions above it."""
    above = [scope for scope in main.chain() if scope.start_line < start]
    context = [scope.signature for scope in above[-MAX_CONTEXT_LINES:]]
    if above and above[-1].doc:
        context.append(above[-1].doc)
    return "\n".join(line for line in context if line)
