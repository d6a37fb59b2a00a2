"""Java: types of all kinds, methods and constructors."""

from __future__ import annotations

import tree_sitter_java

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

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
    constants="""(field_declaration declarator: (variable_declarator name: (identifier) @constant))""",
    uses="""
(method_invocation name: (identifier) @use)
(marker_annotation name: (identifier) @use)
(annotation name: (identifier) @use)
(type_identifier) @use
""",
)


@register("java")
def chunk_java(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
