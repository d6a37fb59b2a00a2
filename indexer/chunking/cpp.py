"""C++: what C has, and classes, namespaces and templates."""

from __future__ import annotations

import tree_sitter_cpp

from indexer.chunking.c import DEFINITIONS, TRANSPARENT, c_name
from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

GRAMMAR = Grammar(
    language=tree_sitter_cpp.language,
    definitions=DEFINITIONS
    | {
        "alias_declaration": "type",
        "class_specifier": "class",
        "concept_definition": "type",
        "namespace_definition": "namespace",
    },
    wrappers=frozenset({"template_declaration"}),
    transparent=TRANSPARENT,
    name_of=c_name,
    separator="::",
    constants="""(enumerator name: (identifier) @constant)""",
    uses="""
(call_expression function: [
  (identifier) @use
  (field_expression field: (field_identifier) @use)
  (qualified_identifier name: (identifier) @use)
])
(type_identifier) @use
""",
)


@register("cpp")
def chunk_cpp(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
