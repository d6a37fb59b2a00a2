"""Split a syntax tree until every piece is small enough, then let neighbours be joined again.

The split-then-merge idea is cAST's (arXiv 2506.15655); here the pieces are whole lines, so that a
chunk is verbatim and can be cited, and what the parser did not understand stays in as text.
Nothing recurses: a hostile file may nest deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from indexer.chunking.documentation import comment_line, docstring
from indexer.chunking.grammar import (
    CONTAINERS,
    Definition,
    Grammar,
    find_definition,
    signature,
)
from indexer.chunking.lines import Lines
from indexer.chunking.parsing import parse
from indexer.chunking.pieces import Piece, Scope, merge
from indexer.chunking.registry import ChunkSpan

DOC_COMMENT = b"/**"  # documents what follows, even after a blank line
MAX_DEPTH = 200  # deeper nodes are cut by lines


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring nodes that share lines, and the lines that they answer for."""

    nodes: list[Node]
    start: int
    end: int
    scope: Scope | None
    owner_id: int  # the node that became the scope, so that its parts do not name it again
    depth: int


def chunk_syntax(text: str, grammar: Grammar) -> list[ChunkSpan]:
    lines = Lines(text)
    tree = parse(text, grammar)
    return merge(_pieces(tree.root_node, lines, grammar), lines)


def _pieces(root: Node, lines: Lines, grammar: Grammar) -> Iterator[Piece]:
    nodes = root.children if lines.fits(1, lines.count) else [root]
    stack = [Block(nodes, 1, lines.count, None, root.id, 0)]
    while stack:
        block = stack.pop()
        found = _definitions(block, grammar)
        if block.start == block.end or lines.fits(block.start, block.end):
            yield Piece(block.start, block.end, block.scope, tuple(scope for _, scope in found))
            continue
        inner = _opened(block, found)
        if inner is None:
            scope = found[0][1] if len(found) == 1 else block.scope
            for start, end in lines.windows(block.start, block.end):
                yield Piece(start, end, scope)
        else:
            stack.extend(reversed(list(_rows(inner, grammar))))


def _opened(block: Block, found: list[tuple[Definition, Scope]]) -> Block | None:
    """Return the block with its nodes replaced by their children; None when that leads nowhere."""
    nodes = _expanded(block.nodes)
    if nodes is None or block.depth >= MAX_DEPTH:
        return None
    if len(found) != 1:  # several on the same lines: none of them encloses the whole block
        return replace(block, nodes=nodes, depth=block.depth + 1)
    definition, scope = found[0]
    owner = definition.node.id
    return Block(nodes, block.start, block.end, scope, owner, block.depth + 1)


def _expanded(nodes: list[Node]) -> list[Node] | None:
    """Replace the nodes of several lines by their children; None when none has any."""
    if not any(_is_divisible(node) for node in nodes):
        return None
    return [part for node in nodes for part in (node.children if _is_divisible(node) else [node])]


def _is_divisible(node: Node) -> bool:
    return node.child_count > 0 and _last_line(node) >= _first_line(node) + 1


def _rows(block: Block, grammar: Grammar) -> Iterator[Block]:
    """Group nodes that share lines or belong together, and share out all lines of the block."""
    row: list[Node] = []
    start, last, all_leading = block.start, 0, True
    for node in block.nodes:
        first = _first_line(node)
        attached = all_leading and _documents_next(row, first - last - 1)
        if row and first > last and not attached:
            yield replace(block, nodes=row, start=start, end=first - 1)
            row, start, all_leading = [], first, True
        row.append(node)
        last = max(last, _last_line(node))
        all_leading = all_leading and node.type in grammar.leading
    if row or start <= block.end:
        yield replace(block, nodes=row, start=start)


def _documents_next(row: list[Node], blank_lines: int) -> bool:
    """Say whether comments or decorators belong to what follows them."""
    if not row or blank_lines > 1:
        return False
    return blank_lines == 0 or (row[-1].text or b"").startswith(DOC_COMMENT)


def _definitions(block: Block, grammar: Grammar) -> list[tuple[Definition, Scope]]:
    found = []
    for at, node in enumerate(block.nodes):
        definition = find_definition(node, grammar)
        if definition and definition.node.id != block.owner_id:
            leading = block.nodes[max(0, at - 8) : at]
            found.append((definition, _scope(definition, leading, block.scope, grammar)))
    return found


def _scope(
    definition: Definition, leading: list[Node], parent: Scope | None, grammar: Grammar
) -> Scope:
    in_container = parent is not None and parent.kind in CONTAINERS
    doc = docstring(definition.node) if grammar.docstrings else comment_line(leading)
    return Scope(
        name=f"{parent.name}{grammar.separator}{definition.name}" if parent else definition.name,
        kind="method" if in_container and definition.kind == "function" else definition.kind,
        signature=signature(definition.node),
        doc=doc,
        start_line=_first_line(definition.node),
        parent=parent,
    )


def _first_line(node: Node) -> int:
    return node.start_point.row + 1


def _last_line(node: Node) -> int:
    """Return the last line with text; some nodes end at the start of the line after it."""
    row, column = node.end_point
    return row if column == 0 and row > node.start_point.row else row + 1
