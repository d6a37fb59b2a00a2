"""Python: functions and classes, with their decorators and docstrings."""

from __future__ import annotations

import tree_sitter_python

from indexer.chunking.grammar import Grammar
from indexer.chunking.registry import ChunkSpan, register
from indexer.chunking.syntax import chunk_syntax

GRAMMAR = Grammar(
    language=tree_sitter_python.language,
    definitions={"function_definition": "function", "class_definition": "class"},
    wrappers=frozenset({"decorated_definition"}),
    docstrings=True,
)


@register("python")
def chunk_python(text: str) -> list[ChunkSpan]:
    return chunk_syntax(text, GRAMMAR)
