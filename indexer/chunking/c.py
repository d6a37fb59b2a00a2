"""C: functions, types and macros, also inside preprocessor conditions."""

from __future__ import annotations

from collections.abc import Sequence

import tree_sitter_c
from tree_sitter import Node

from indexer.chunking.grammar import Grammar, node_text
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

MAX_DECLARATORS = 12  # int *(*f(int))[3] has four
NAMES = frozenset(
    {
        "destructor_name",
        "field_identifier",
        "identifier",
        "operator_cast",
        "operator_name",
        "qualified_identifier",
        "template_function",
        "type_identifier",
    }
)
TYPES_WITH_BODY = frozenset(
    {"class_specifier", "enum_specifier", "struct_specifier", "union_specifier"}
)

TRANSPARENT = frozenset(
    {
        "declaration_list",
        "linkage_specification",
        "preproc_elif",
        "preproc_else",
        "preproc_if",
        "preproc_ifdef",
    }
)
DEFINITIONS = {
    "enum_specifier": "enum",
    "function_definition": "function",
    "preproc_def": "macro",
    "preproc_function_def": "macro",
    "struct_specifier": "struct",
    "type_definition": "type",
    "union_specifier": "struct",
}
OUTERMOST = ("translation_unit", "preproc_if", "preproc_ifdef", "preproc_else", "declaration_list")
# A name, a pointer to it, an array of it: what int x, *y, z[3] and *w[3] are.
DECLARED = """{0}
(pointer_declarator declarator: {0})
(array_declarator declarator: {0})
(pointer_declarator declarator: (array_declarator declarator: {0}))
(array_declarator declarator: (pointer_declarator declarator: {0}))"""
FIELDS = f"""
(enumerator name: (identifier) @constant)
(field_declaration declarator: [{DECLARED.format("(field_identifier) @field")}])
"""
USES = """
(call_expression function: (identifier) @use)
(field_expression field: (field_identifier) @use)
(type_identifier) @use
(identifier) @name
"""


def c_name(node: Node) -> str:
    """Return the defined name, from inside the declarator where C puts it."""
    if node.type in TYPES_WITH_BODY and node.child_by_field_name("body") is None:
        return ""
    if name := node.child_by_field_name("name"):
        return node_text(name)
    inner = node.child_by_field_name("declarator")
    for _ in range(MAX_DECLARATORS):
        if inner is None or inner.type in NAMES:
            break
        inner = inner.child_by_field_name("declarator") or _declarator_inside(inner)
    return node_text(inner) if inner is not None and inner.type in NAMES else ""


def _declarator_inside(node: Node) -> Node | None:
    """Return the declarator of a node that gives it no field name, as (*f) does."""
    for child in node.named_children:
        if child.type in NAMES or child.type.endswith("declarator"):
            return child
    return None


def global_values(places: Sequence[str]) -> str:
    """Return the query for variables that are declared directly in one of these places."""
    declared = DECLARED.format("(identifier) @constant").split("\n")
    forms = [*declared, *(f"(init_declarator declarator: {form})" for form in declared)]
    return "\n".join(f"({place} (declaration declarator: {f}))" for place in places for f in forms)


GRAMMAR = Grammar(
    language=tree_sitter_c.language,
    definitions=DEFINITIONS,
    transparent=TRANSPARENT,
    name_of=c_name,
    members=global_values(OUTERMOST) + FIELDS,
    uses=USES,
)


@register("c", grammar=GRAMMAR)
def chunk_c(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
