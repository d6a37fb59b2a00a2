"""JavaScript and JSX: functions and classes, also those that are assigned to a name."""

from __future__ import annotations

import tree_sitter_javascript
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, node_text
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

FUNCTIONS = frozenset(
    {
        "arrow_function",
        "class",
        "function",
        "function_expression",
        "generator_function",
    }
)
NAME_FIELDS = ("name", "left", "property", "key")

DEFINITIONS = {
    "assignment_expression": "function",
    "class_declaration": "class",
    "field_definition": "function",
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "method_definition": "function",
    "pair": "function",
    "variable_declarator": "function",
}
WRAPPERS = frozenset(
    {"export_statement", "expression_statement", "lexical_declaration", "variable_declaration"}
)
LEADING = frozenset({"comment", "decorator"})
MEMBERS = """
(program (lexical_declaration (variable_declarator name: (identifier) @constant)))
(program (variable_declaration (variable_declarator name: (identifier) @constant)))
(program (export_statement (lexical_declaration
  (variable_declarator name: (identifier) @constant))))
(program (export_statement (variable_declaration
  (variable_declarator name: (identifier) @constant))))
"""
CLASS_FIELDS = """
(class_body (field_definition property: (property_identifier) @field))
"""
USES = """
(call_expression function: [
  (identifier) @use (member_expression property: (property_identifier) @use)
])
(new_expression constructor: [
  (identifier) @use (member_expression property: (property_identifier) @use)
])
(import_specifier name: (identifier) @use)
(identifier) @name
((member_expression property: (property_identifier) @name))
"""
INHERITS = """
(class_heritage [(identifier) @use (member_expression property: (property_identifier) @use)])
"""
JSX_USES = """
(jsx_opening_element name: (identifier) @use)
(jsx_self_closing_element name: (identifier) @use)
"""


def script_name(node: Node) -> str:
    """Return the name that is declared, or assigned a function: "res.send"."""
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if value is not None and _last_value(value).type not in FUNCTIONS:
        return ""
    if value is None and node.child_by_field_name("body") is None:
        return ""
    named = (node.child_by_field_name(field) for field in NAME_FIELDS)
    return node_text(next((name for name in named if name), None)).strip("'\"`")


def _last_value(value: Node) -> Node:
    """Return what a chain such as exports = module.exports = function () {} ends in."""
    for _ in range(4):
        if value.type != "assignment_expression":
            break
        value = value.child_by_field_name("right") or value
    return value


GRAMMAR = Grammar(
    language=tree_sitter_javascript.language,
    definitions=DEFINITIONS,
    wrappers=WRAPPERS,
    leading=LEADING,
    name_of=script_name,
    members=MEMBERS + CLASS_FIELDS,
    uses=USES + INHERITS + JSX_USES,
)


@register("javascript", grammar=GRAMMAR)
def chunk_javascript(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
