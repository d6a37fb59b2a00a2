"""Rust: functions, types, traits, implementations under their type's name, modules, macros."""

from __future__ import annotations

import re

import tree_sitter_rust
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field, node_text
from indexer.chunking.registry import ChunkSpan, register
from indexer.chunking.syntax import chunk_syntax

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
)


@register("rust")
def chunk_rust(text: str) -> list[ChunkSpan]:
    return chunk_syntax(text, GRAMMAR)
