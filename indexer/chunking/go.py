"""Go: functions, methods under their receiver's name, types."""

from __future__ import annotations

import re

import tree_sitter_go
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field, node_text
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

RECEIVER = re.compile(r"(\w+)(?:\[.*\])?\s*\)$")


def go_name(node: Node) -> str:
    """Return Command.Run for func (c *Command) Run()."""
    name = name_field(node)
    receiver = RECEIVER.search(node_text(node.child_by_field_name("receiver")))
    return f"{receiver[1]}.{name}" if receiver and name else name


GRAMMAR = Grammar(
    language=tree_sitter_go.language,
    definitions={
        "function_declaration": "function",
        "method_declaration": "method",
        "type_spec": "type",
        "type_alias": "type",
    },
    wrappers=frozenset({"type_declaration"}),
    name_of=go_name,
    members="""
(source_file (const_declaration (const_spec (identifier) @constant)))
(source_file (var_declaration (var_spec name: (identifier) @constant)))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @constant))))
(type_spec type: (struct_type (field_declaration_list
  (field_declaration name: (field_identifier) @field))))
(method_elem name: (field_identifier) @method)
""",
    uses="""
(call_expression function: (identifier) @use)
(selector_expression field: (field_identifier) @use)
(keyed_element . (literal_element (identifier) @use))
(type_identifier) @use
(identifier) @name
""",
)


@register("go", grammar=GRAMMAR)
def chunk_go(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
