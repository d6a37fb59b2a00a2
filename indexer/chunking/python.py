"""Python: functions and classes, with their decorators and docstrings."""

from __future__ import annotations

import tree_sitter_python

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

GRAMMAR = Grammar(
    language=tree_sitter_python.language,
    definitions={"function_definition": "function", "class_definition": "class"},
    wrappers=frozenset({"decorated_definition"}),
    docstrings=True,
    members="""
(module (expression_statement (assignment left: [
  (identifier) @constant (pattern_list (identifier) @constant)
])))
(class_definition body: (block (expression_statement (assignment left: (identifier) @field))))
(class_definition body: (block (function_definition body: (block (expression_statement
  (assignment left: (attribute object: (identifier) @_self attribute: (identifier) @field))
  (#eq? @_self "self"))))))
""",
    uses="""
(call function: [(identifier) @use (attribute attribute: (identifier) @use)])
(decorator [(identifier) @use (attribute attribute: (identifier) @use)])
(import_from_statement name: [
  (dotted_name (identifier) @use)
  (aliased_import name: (dotted_name (identifier) @use))
])
(type [(identifier) @use (attribute attribute: (identifier) @use)])
(identifier) @name
""",
)


@register("python", grammar=GRAMMAR)
def chunk_python(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
