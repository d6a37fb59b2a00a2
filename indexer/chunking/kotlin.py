"""Kotlin: classes and objects of all kinds, functions, properties and type aliases."""

from __future__ import annotations

import tree_sitter_kotlin
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field, node_text
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax


def kotlin_name(node: Node) -> str:
    """Return the name; a companion object that has none goes by its keyword."""
    if node.type == "type_alias":
        return node_text(node.child_by_field_name("type"))
    return name_field(node) or ("companion" if node.type == "companion_object" else "")


GRAMMAR = Grammar(
    language=tree_sitter_kotlin.language,
    definitions={
        "class_declaration": "class",
        "companion_object": "class",
        "function_declaration": "function",
        "object_declaration": "class",
        "type_alias": "type",
    },
    leading=frozenset({"block_comment", "line_comment"}),
    name_of=kotlin_name,
    members="""
(source_file (property_declaration (variable_declaration (identifier) @constant)))
(class_body (property_declaration (variable_declaration . (identifier) @field)))
(class_body (property_declaration
  (multi_variable_declaration (variable_declaration . (identifier) @field))))
(enum_class_body (property_declaration (variable_declaration . (identifier) @field)))
(class_parameter ["val" "var"] . (identifier) @field)
(enum_entry . (identifier) @constant)
""",
    uses="""
(call_expression . (identifier) @use)
(call_expression . (navigation_expression (identifier) @use .))
(navigation_expression (identifier) (identifier) @use)
(user_type (identifier) @use)
(import (qualified_identifier (identifier) @use .))
(callable_reference (identifier) @use .)
(identifier) @name
""",
)


@register("kotlin", grammar=GRAMMAR)
def chunk_kotlin(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
