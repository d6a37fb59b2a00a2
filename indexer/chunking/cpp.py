"""C++: what C has, and classes, namespaces and templates."""

from __future__ import annotations

import tree_sitter_cpp

from indexer.chunking.c import DEFINITIONS, TRANSPARENT, c_name
from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import ChunkSpan, register
from indexer.chunking.syntax import chunk_syntax

GRAMMAR = Grammar(
    language=tree_sitter_cpp.language,
    definitions=DEFINITIONS
    | {
        "alias_declaration": "type",
        "class_specifier": "class",
        "concept_definition": "type",
        "namespace_definition": "namespace",
    },
    wrappers=frozenset({"template_declaration"}),
    transparent=TRANSPARENT,
    name_of=c_name,
    separator="::",
)


@register("cpp")
def chunk_cpp(text: str) -> list[ChunkSpan]:
    return chunk_syntax(text, GRAMMAR)
