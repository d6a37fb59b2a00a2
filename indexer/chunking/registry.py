"""Which chunker splits which language; each language's module enters itself here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indexer.spans import Span


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """What is embedded, searched and cited: the text of these lines, unchanged."""

    span: Span
    symbol: str  # qualified name of the main definition: "Command.invoke"; may be empty
    kind: str  # "function", "method", "class", "section", "block", ...
    context: str  # signatures and first comment line of what encloses it; one per line


Chunker = Callable[[str], list[ChunkSpan]]

CHUNKERS: dict[str, Chunker] = {}


def register(*languages: str) -> Callable[[Chunker], Chunker]:
    def decorator(chunker: Chunker) -> Chunker:
        for language in languages:
            CHUNKERS[language] = chunker
        return chunker

    return decorator


def chunker_for(language: str) -> Chunker:
    return CHUNKERS.get(language, CHUNKERS["text"])
