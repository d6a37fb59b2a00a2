"""Windows of lines, for every language without a chunker of its own."""

from __future__ import annotations

from indexer.chunking.lines import Lines
from indexer.chunking.pieces import Piece, merge
from indexer.chunking.registry import ChunkSpan, register


@register("text")
def chunk_lines(text: str) -> list[ChunkSpan]:
    lines = Lines(text)
    return merge((Piece(a, b, None) for a, b in lines.windows(1, lines.count)), lines)
