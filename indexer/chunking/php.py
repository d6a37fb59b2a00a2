"""PHP: functions, classes, interfaces, traits and enums, also between pieces of HTML."""

from __future__ import annotations

import tree_sitter_php

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

GRAMMAR = Grammar(
    language=tree_sitter_php.language_php,
    definitions={
        "class_declaration": "class",
        "enum_declaration": "enum",
        "function_definition": "function",
        "interface_declaration": "interface",
        "method_declaration": "function",
        "trait_declaration": "trait",
    },
    separator="::",
    members="""
(const_declaration (const_element (name) @constant))
(property_declaration (property_element name: (variable_name (name) @field)))
(property_promotion_parameter name: (variable_name (name) @field))
(enum_case name: (name) @constant)
(method_declaration body: (compound_statement (expression_statement (assignment_expression
  left: (member_access_expression object: (variable_name (name) @_this) name: (name) @field)
  (#eq? @_this "this")))))
""",
    uses="""
(function_call_expression function: [(name) @use (qualified_name (name) @use)])
(member_call_expression name: (name) @use)
(nullsafe_member_call_expression name: (name) @use)
(member_access_expression name: (name) @use)
(scoped_call_expression name: (name) @use)
(class_constant_access_expression (name) @use)
(object_creation_expression [(name) @use (qualified_name (name) @use)])
(named_type [(name) @use (qualified_name (name) @use)])
(base_clause [(name) @use (qualified_name (name) @use)])
(class_interface_clause [(name) @use (qualified_name (name) @use)])
(use_declaration [(name) @use (qualified_name (name) @use)])
(namespace_use_clause [(name) @use (qualified_name (name) @use)])
(attribute [(name) @use (qualified_name (name) @use)])
""",
)


@register("php", grammar=GRAMMAR)
def chunk_php(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
