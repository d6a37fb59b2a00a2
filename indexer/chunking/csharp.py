"""C#: types of all kinds, methods, properties and constructors."""

from __future__ import annotations

import tree_sitter_c_sharp
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, name_field, node_text
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax


def csharp_name(node: Node) -> str:
    """Return the name; what has none of its own is called as C# writes it: operator +, this."""
    if node.type == "operator_declaration":
        return f"operator {node_text(node.child_by_field_name('operator'))}".strip()
    if node.type == "indexer_declaration":
        return "this"
    name = name_field(node)
    return f"~{name}" if name and node.type == "destructor_declaration" else name


GRAMMAR = Grammar(
    language=tree_sitter_c_sharp.language,
    definitions={
        "class_declaration": "class",
        "constructor_declaration": "function",
        "delegate_declaration": "type",
        "destructor_declaration": "function",
        "enum_declaration": "enum",
        "indexer_declaration": "function",
        "interface_declaration": "interface",
        "local_function_statement": "function",
        "method_declaration": "function",
        "operator_declaration": "function",
        "property_declaration": "field",
        "record_declaration": "record",
        "struct_declaration": "struct",
    },
    # Most files have one namespace around everything: it would stand before every name.
    transparent=frozenset(
        {"declaration_list", "namespace_declaration", "preproc_elif", "preproc_else", "preproc_if"}
    ),
    name_of=csharp_name,
    members="""
(field_declaration (variable_declaration (variable_declarator name: (identifier) @field)))
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @field)))
(enum_member_declaration name: (identifier) @constant)
(record_declaration (parameter_list (parameter name: (identifier) @field)))
""",
    uses="""
(invocation_expression function: [
  (identifier) @use
  (generic_name (identifier) @use)
  (member_access_expression name: (identifier) @use)
  (member_access_expression name: (generic_name (identifier) @use))
])
(member_access_expression name: (identifier) @use)
(conditional_access_expression (member_binding_expression name: (identifier) @use))
(attribute name: (identifier) @use)
(using_directive (qualified_name name: (identifier) @use))
(identifier) @name
""",
)


@register("csharp", grammar=GRAMMAR)
def chunk_csharp(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
