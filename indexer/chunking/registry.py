"""Which chunker splits which language; each language's module enters itself here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indexer.chunking.grammar import Grammar
from indexer.spans import Span


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """What is embedded, searched and cited: the text of these lines, unchanged."""

    span: Span
    symbol: str  # qualified name of the main definition: "Command.invoke"; may be empty
    kind: str  # "function", "method", "class", "section", "block", ...
    context: str  # signatures and first comment line of what encloses it; one per line


@dataclass(frozen=True, slots=True)
class DefinitionSpan:
    """A name that the text defines, and the lines that define it."""

    name: str  # "invoke"
    qualified: str  # "Command.invoke"
    kind: str  # "function", "method", "class", "constant" ...
    span: Span
    signature: str  # one line


@dataclass(frozen=True, slots=True)
class NameUse:
    """The lines on which the text uses a name: calls it, makes one, inherits from it, imports it."""

    name: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dissection:
    """A text taken apart."""

    chunks: list[ChunkSpan]
    definitions: list[DefinitionSpan]
    uses: list[NameUse]
    note: str = ""  # why it was split by lines although its language has a grammar


Chunker = Callable[[str], Dissection]

CHUNKERS: dict[str, Chunker] = {}
GRAMMARS: dict[str, Grammar] = {}  # of the languages that are parsed


def register(*languages: str, grammar: Grammar | None = None) -> Callable[[Chunker], Chunker]:
    def decorator(chunker: Chunker) -> Chunker:
        for language in languages:
            CHUNKERS[language] = chunker
            if grammar is not None:
                GRAMMARS[language] = grammar
        return chunker

    return decorator


def chunker_for(language: str) -> Chunker:
    return CHUNKERS.get(language, CHUNKERS["text"])
