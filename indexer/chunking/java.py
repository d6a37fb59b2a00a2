"""Java: types of all kinds, methods and constructors."""

from __future__ import annotations

import tree_sitter_java

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import ChunkSpan, register
from indexer.chunking.syntax import chunk_syntax

GRAMMAR = Grammar(
    language=tree_sitter_java.language,
    definitions={
        "annotation_type_declaration": "interface",
        "class_declaration": "class",
        "compact_constructor_declaration": "function",
        "constructor_declaration": "function",
        "enum_declaration": "enum",
        "interface_declaration": "interface",
        "method_declaration": "function",
        "record_declaration": "record",
    },
    leading=frozenset({"block_comment", "line_comment"}),
)


@register("java")
def chunk_java(text: str) -> list[ChunkSpan]:
    return chunk_syntax(text, GRAMMAR)
