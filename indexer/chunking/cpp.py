"""C++: what C has, and classes, namespaces and templates."""

from __future__ import annotations

import tree_sitter_cpp

from indexer.chunking.c import (
    DEFINITIONS,
    FIELDS,
    OUTERMOST,
    TRANSPARENT,
    USES,
    c_name,
    global_values,
)
from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

QUALIFIED_USES = """
(qualified_identifier name: (identifier) @use)
(namespace_identifier) @name
"""
METHODS = """
(field_declaration declarator: (function_declarator declarator: (field_identifier) @method))
"""

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
    members=global_values(OUTERMOST) + FIELDS + METHODS,
    uses=USES + QUALIFIED_USES,
)


@register("cpp", grammar=GRAMMAR)
def chunk_cpp(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
