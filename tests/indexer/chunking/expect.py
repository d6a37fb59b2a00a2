"""What every chunker must hold to, whatever the text."""

from __future__ import annotations

from indexer.chunking import ChunkSpan, dissect
from indexer.chunking.lines import HARD_LINES, HARD_WEIGHT, Lines


def outline(text: str, language: str) -> list[tuple[str, str, str]]:
    """Return span, kind and symbol of each chunk."""
    return [(str(found.span), found.kind, found.symbol) for found in dissect(text, language).chunks]


def chunk_at(text: str, language: str, line: int) -> ChunkSpan:
    """Return the chunk that holds a line."""
    return next(
        found
        for found in dissect(text, language).chunks
        if found.span.start_line <= line <= found.span.end_line
    )


def assert_sound(text: str, language: str) -> list[ChunkSpan]:
    """Check order, disjointness, coverage and size; return the chunks."""
    chunks = dissect(text, language).chunks
    lines = Lines(text)
    covered: list[int] = []
    for found in chunks:
        start, end = found.span.start_line, found.span.end_line
        covered.extend(range(start, end + 1))
        assert not lines.is_blank(start)
        assert not lines.is_blank(end)
        assert start == end or lines.weight(start, end) <= HARD_WEIGHT
        assert end - start < HARD_LINES
        assert all(context.strip() for context in found.context.split("\n") if found.context)
    assert covered == sorted(set(covered))
    assert not covered or covered[-1] <= lines.count
    missed = set(range(1, lines.count + 1)) - set(covered)
    assert all(lines.is_blank(line) for line in missed)
    return chunks


def fill(line: str, times: int = 55) -> str:
    """Return enough lines for a definition to become a chunk of its own."""
    return f"{line}\n" * times
