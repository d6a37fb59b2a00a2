"""Name what a piece of a program is: its qualified name, signature and first comment line."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from indexer.chunking.documentation import comment_line, docstring
from indexer.chunking.grammar import (
    Definition,
    Grammar,
    find_definition,
    first_line,
    last_line,
    signature,
)
from indexer.chunking.pieces import Scope

CONTAINERS = frozenset(
    {"class", "interface", "struct", "enum", "trait", "impl", "record", "module"}
)
MAX_LEADING = 8  # nodes before a definition that may hold its comment
MAX_LOOK_THROUGH = 4  # include guard, extern "C", condition, one spare


def find_scopes(
    nodes: Sequence[Node], parent: Scope | None, grammar: Grammar
) -> list[tuple[int, Scope]]:
    """Return the definitions among these nodes, each with its node's id."""
    found = []
    for at, node in enumerate(nodes):
        if definition := find_definition(node, grammar):
            leading = nodes[max(0, at - MAX_LEADING) : at]
            found.append((definition.node.id, _scope(definition, leading, parent, grammar)))
    return found


def look_through(nodes: Sequence[Node], grammar: Grammar) -> Sequence[Node]:
    """Replace nodes that only stand around others, such as #ifdef, by what is in them."""
    for _ in range(MAX_LOOK_THROUGH):
        if not any(node.type in grammar.transparent for node in nodes):
            break
        nodes = [
            inner
            for node in nodes
            for inner in (node.named_children if node.type in grammar.transparent else (node,))
        ]
    return nodes


def _scope(
    definition: Definition, leading: Sequence[Node], parent: Scope | None, grammar: Grammar
) -> Scope:
    in_container = parent is not None and parent.kind in CONTAINERS
    doc = docstring(definition.node) if grammar.docstrings else comment_line(leading)
    return Scope(
        name=f"{parent.name}{grammar.separator}{definition.name}" if parent else definition.name,
        kind="method" if in_container and definition.kind == "function" else definition.kind,
        signature=signature(definition.node),
        doc=doc,
        start_line=first_line(definition.node),
        end_line=last_line(definition.node),
        parent=parent,
    )
