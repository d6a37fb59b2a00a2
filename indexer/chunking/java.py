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
    members="""
(field_declaration declarator: (variable_declarator name: (identifier) @field))
(constant_declaration declarator: (variable_declarator name: (identifier) @constant))
(enum_constant name: (identifier) @constant)
(annotation_type_element_declaration name: (identifier) @method)
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @field)))
""",
    uses="""
(method_invocation name: (identifier) @use)
(method_reference (identifier) @use)
(field_access field: (identifier) @use)
(marker_annotation name: (identifier) @use)
(annotation name: (identifier) @use)
(import_declaration (scoped_identifier name: (identifier) @use))
(type_identifier) @use
(identifier) @name
""",
)


@register("java", grammar=GRAMMAR)
def chunk_java(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
