"""TypeScript and TSX: what JavaScript has, and types."""

from __future__ import annotations

from dataclasses import replace

import tree_sitter_typescript
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field
from indexer.chunking.javascript import (
    CONSTANTS,
    DEFINITIONS,
    JSX_USES,
    LEADING,
    USES,
    WRAPPERS,
    script_name,
)
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

TYPES = {
    "abstract_class_declaration": "class",
    "enum_declaration": "enum",
    "interface_declaration": "interface",
    "internal_module": "namespace",
    "module": "namespace",
    "type_alias_declaration": "type",
}


def typed_name(node: Node) -> str:
    return name_field(node).strip("'\"") if node.type in TYPES else script_name(node)


GRAMMAR = Grammar(
    language=tree_sitter_typescript.language_typescript,
    definitions={
        **{name: kind for name, kind in DEFINITIONS.items() if name != "field_definition"},
        **TYPES,
        "public_field_definition": "function",
    },
    wrappers=WRAPPERS | {"ambient_declaration"},
    leading=LEADING,
    name_of=typed_name,
    constants=CONSTANTS,
    uses=USES.replace("(class_heritage (identifier) @use)", "(extends_clause (identifier) @use)")
    + "(type_identifier) @use",
)
GRAMMAR_TSX = replace(
    GRAMMAR, language=tree_sitter_typescript.language_tsx, uses=GRAMMAR.uses + JSX_USES
)


@register("typescript")
def chunk_typescript(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)


@register("tsx")
def chunk_tsx(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR_TSX)
