"""Ruby: modules, classes, methods, and the attributes that attr_reader and its kin declare."""

from __future__ import annotations

import tree_sitter_ruby

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

GRAMMAR = Grammar(
    language=tree_sitter_ruby.language,
    definitions={
        "class": "class",
        "method": "function",
        "module": "module",
        "singleton_method": "function",
    },
    transparent=frozenset({"body_statement", "singleton_class"}),
    separator="::",
    members="""
(assignment left: (constant) @constant)
(call method: (identifier) @_declares arguments: (argument_list (simple_symbol) @field)
  (#match? @_declares "^attr_(accessor|reader|writer)$"))
(method body: (body_statement (assignment left: (instance_variable) @field)))
(alias name: (identifier) @method)
""",
    uses="""
(call method: [(identifier) (constant)] @use)
(constant) @use
""",
)


@register("ruby", grammar=GRAMMAR)
def chunk_ruby(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
