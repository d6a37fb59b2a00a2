"""Texts taken out of documents: a chunk never crosses a page, a cell or a section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexer.chunking.lines import Lines
from indexer.chunking.pieces import Piece, Scope, merge
from indexer.chunking.registry import ChunkSpan
from indexer.reading.places import Place


def chunk_extracted(text: str, places: Sequence[Place]) -> list[ChunkSpan]:
    """Split at the places, in order of their lines; a long part is cut into windows of lines."""
    lines = Lines(text)
    chunks: list[ChunkSpan] = []
    for start, end, place in _parts(places, lines.count):
        scope = Scope(place.label, place.kind, place.label, "", start, end, None) if place else None
        chunks.extend(merge((Piece(a, b, scope) for a, b in lines.windows(start, end)), lines))
    return chunks


def _parts(places: Sequence[Place], last: int) -> Iterator[tuple[int, int, Place | None]]:
    if places[0].line > 1:
        yield 1, places[0].line - 1, None
    for at, place in enumerate(places):
        end = places[at + 1].line - 1 if at + 1 < len(places) else last
        if place.line <= end:
            yield place.line, end, place
