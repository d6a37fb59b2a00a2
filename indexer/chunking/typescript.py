"""TypeScript and TSX: what JavaScript has, and types."""

from __future__ import annotations

from dataclasses import replace

import tree_sitter_typescript
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field
from indexer.chunking.javascript import (
    DEFINITIONS,
    JSX_USES,
    LEADING,
    MEMBERS,
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
TYPED_MEMBERS = """
(class_body (public_field_definition name: (property_identifier) @field))
(class_body (method_signature name: (property_identifier) @method))
(abstract_method_signature name: (property_identifier) @method)
(interface_body (property_signature name: (property_identifier) @field))
(interface_body (method_signature name: (property_identifier) @method))
(type_alias_declaration value: (object_type [
  (property_signature name: (property_identifier) @field)
  (method_signature name: (property_identifier) @method)
]))
(enum_body name: (property_identifier) @constant)
(enum_assignment name: (property_identifier) @constant)
"""
INHERITS = """
(extends_clause [(identifier) @use (member_expression property: (property_identifier) @use)])
(type_identifier) @use
"""


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
    members=MEMBERS + TYPED_MEMBERS,
    uses=USES + INHERITS,
)
GRAMMAR_TSX = replace(
    GRAMMAR, language=tree_sitter_typescript.language_tsx, uses=GRAMMAR.uses + JSX_USES
)


@register("typescript", grammar=GRAMMAR)
def chunk_typescript(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)


@register("tsx", grammar=GRAMMAR_TSX)
def chunk_tsx(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR_TSX)
