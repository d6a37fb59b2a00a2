"""Rust: functions, types, traits, implementations under their type's name, modules, macros."""

from __future__ import annotations

import re

import tree_sitter_rust
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field, node_text
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

TYPE_ARGUMENTS = re.compile(r"<.*")


def rust_name(node: Node) -> str:
    """Return the declared name; an impl goes by its type, as its methods are called by it."""
    if node.type == "impl_item":
        return TYPE_ARGUMENTS.sub("", node_text(node.child_by_field_name("type")))
    return name_field(node)


GRAMMAR = Grammar(
    language=tree_sitter_rust.language,
    definitions={
        "enum_item": "enum",
        "function_item": "function",
        "impl_item": "impl",
        "macro_definition": "macro",
        "mod_item": "module",
        "struct_item": "struct",
        "trait_item": "trait",
        "type_item": "type",
        "union_item": "struct",
    },
    leading=frozenset({"attribute_item", "block_comment", "line_comment"}),
    name_of=rust_name,
    separator="::",
    members="""
(const_item name: (identifier) @constant)
(static_item name: (identifier) @constant)
(enum_variant name: (identifier) @constant)
(field_declaration name: (field_identifier) @field)
(trait_item body: (declaration_list [
  (function_signature_item name: (identifier) @method)
  (associated_type name: (type_identifier) @type)
]))
(foreign_mod_item body: (declaration_list (function_signature_item name: (identifier) @function)))
""",
    uses="""
(call_expression function: (identifier) @use)
(field_expression field: (field_identifier) @use)
(field_initializer field: (field_identifier) @use)
(scoped_identifier name: (identifier) @use)
(macro_invocation macro: [(identifier) @use (scoped_identifier name: (identifier) @use)])
(type_identifier) @use
(use_declaration (scoped_identifier name: (identifier) @use))
(use_list (identifier) @use)
(identifier) @name
""",
)


@register("rust", grammar=GRAMMAR)
def chunk_rust(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
