"""Windows of lines, for every language without a chunker of its own."""

from __future__ import annotations

from indexer.chunking.lines import Lines
from indexer.chunking.pieces import Piece, merge
from indexer.chunking.registry import Dissection, register


@register("text")
def chunk_lines(text: str) -> Dissection:
    lines = Lines(text)
    return Dissection(
        merge((Piece(a, b, None) for a, b in lines.windows(1, lines.count)), lines), [], []
    )
