"""The first sentence that people wrote about a definition: a docstring or the comment above it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from indexer.chunking.grammar import body_of

MAX_DOC = 160
MAX_DOC_BYTES = 4000
MARKERS = re.compile(r"^[\s/*#!\-;]+|[\s*/]+$")
QUOTES = re.compile(r"^[rRbBuUfF]{0,2}(?:\"\"\"|'''|\"|')")


def docstring(node: Node) -> str:
    """Return the first line of a Python docstring."""
    text = _first_child(body_of(node))
    if text is not None and text.type == "expression_statement":
        text = _first_child(text)
    if text is None or text.type != "string":
        return ""
    for line in QUOTES.sub("", _source(text)).split("\n"):
        if cleaned := line.strip(" \t\"'\\"):
            return cleaned[:MAX_DOC]
    return ""


def comment_line(nodes: Iterable[Node]) -> str:
    """Return the first line with words among these comments."""
    for node in nodes:
        if "comment" not in node.type:
            continue
        for line in _source(node).split("\n"):
            if cleaned := MARKERS.sub("", line):
                return cleaned[:MAX_DOC]
    return ""


def _first_child(node: Node | None) -> Node | None:
    return node.named_child(0) if node is not None and node.named_child_count else None


def _source(node: Node) -> str:
    return (node.text or b"")[:MAX_DOC_BYTES].decode("utf-8", "replace")
