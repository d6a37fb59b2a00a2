"""Shell scripts: functions, and the variables that a script sets at its outermost level."""

from __future__ import annotations

import tree_sitter_bash

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import Dissection, register
from indexer.chunking.syntax import dissect_syntax

GRAMMAR = Grammar(
    language=tree_sitter_bash.language,
    definitions={"function_definition": "function"},
    members="""
(program (variable_assignment name: (variable_name) @constant))
(program (declaration_command (variable_assignment name: (variable_name) @constant)))
""",
    uses="""
(command name: (command_name (word) @use))
(simple_expansion (variable_name) @name)
(expansion (variable_name) @name)
""",
)


@register("shell", grammar=GRAMMAR)
def chunk_shell(text: str) -> Dissection:
    return dissect_syntax(text, GRAMMAR)
