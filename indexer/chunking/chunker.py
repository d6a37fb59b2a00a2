"""The door of the package: any text in any language comes out in chunks, never as an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from indexer.chunking.extracted import chunk_extracted
from indexer.chunking.registry import CHUNKERS, Dissection, chunker_for
from indexer.reading.places import Place


def dissect(text: str, language: str, places: Sequence[Place] = ()) -> Dissection:
    """Split a text into chunks, in order and disjoint, and name what it defines and uses.

    The text is one that `indexer.reading` returned: its lines end in \\n, and every line that is
    not blank is in a chunk. Its language may be any word; one without a chunker of its own is split
    into windows of lines. A text with places (pages, cells) is split there.
    """
    if places:
        return Dissection(chunk_extracted(text, places), [], [])
    try:
        return chunker_for(language)(text)
    except ValueError as exc:  # Unparsable, or tree-sitter itself gave up
        return replace(CHUNKERS["text"](text), note=f"split by lines: {exc}")
