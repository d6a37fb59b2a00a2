"""The door of the package: any text in any language comes out as chunks, never as an error."""

from __future__ import annotations

from indexer.chunking.registry import CHUNKERS, ChunkSpan, chunker_for


def chunk(text: str, language: str) -> list[ChunkSpan]:
    """Split a text into chunks, in order and disjoint; every line that is not blank is in one.

    The text is one that `indexer.reading` returned: its lines end in \\n. Its language may be any
    word; one without a chunker of its own is split into windows of lines.
    """
    try:
        return chunker_for(language)(text)
    except ValueError:  # Unparsable, or tree-sitter itself gave up
        return CHUNKERS["text"](text)
