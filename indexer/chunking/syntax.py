"""Split a syntax tree until every piece is small enough, then let neighbours be joined again.

The split-then-merge idea is cAST's (arXiv 2506.15655); here the pieces are whole lines, so that a
chunk is verbatim and can be cited, and what the parser did not understand stays in as text.
Nothing recurses: a hostile file may nest deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from indexer.chunking.grammar import Grammar, first_line, last_line
from indexer.chunking.lines import Lines
from indexer.chunking.parsing import parse
from indexer.chunking.pieces import Piece, Scope, merge
from indexer.chunking.registry import Dissection
from indexer.chunking.scopes import find_scopes, look_through
from indexer.chunking.symbols import find_definitions, find_uses

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


def dissect_syntax(text: str, grammar: Grammar) -> Dissection:
    lines = Lines(text)
    root = parse(text, grammar).root_node
    chunks = merge(_pieces(root, lines, grammar), lines)
    definitions = find_definitions(root, grammar)
    return Dissection(chunks, definitions, find_uses(root, grammar, definitions))


def _pieces(root: Node, lines: Lines, grammar: Grammar) -> Iterator[Piece]:
    nodes = root.children if lines.fits(1, lines.count) else [root]
    stack = [Block(nodes, 1, lines.count, None, root.id, 0)]
    while stack:
        block = stack.pop()
        if block.start == block.end or lines.fits(block.start, block.end):
            found = find_scopes(look_through(block.nodes, grammar), block.scope, grammar)
            whole = tuple(scope for node_id, scope in found if node_id != block.owner_id)
            yield Piece(block.start, block.end, block.scope, whole)
            continue
        block = _entered(block, grammar)
        inner = _opened(block)
        if inner is None:
            for start, end in lines.windows(block.start, block.end):
                yield Piece(start, end, block.scope)
        else:
            stack.extend(reversed(list(_rows(inner, grammar))))


def _entered(block: Block, grammar: Grammar) -> Block:
    """Return the block in the scope of the definition that it is, if it is a single one."""
    found = find_scopes(block.nodes, block.scope, grammar)
    if len(found) != 1 or found[0][0] == block.owner_id:
        return block
    owner_id, scope = found[0]
    return replace(block, scope=scope, owner_id=owner_id)


def _opened(block: Block) -> Block | None:
    """Return the block with its nodes replaced by their children; None when that leads nowhere."""
    nodes = _expanded(block.nodes)
    if nodes is None or block.depth >= MAX_DEPTH:
        return None
    return replace(block, nodes=nodes, depth=block.depth + 1)


def _expanded(nodes: list[Node]) -> list[Node] | None:
    """Replace the nodes of several lines by their children; None when none has any."""
    if not any(_is_divisible(node) for node in nodes):
        return None
    return [part for node in nodes for part in (node.children if _is_divisible(node) else [node])]


def _is_divisible(node: Node) -> bool:
    return node.child_count > 0 and last_line(node) >= first_line(node) + 1


def _rows(block: Block, grammar: Grammar) -> Iterator[Block]:
    """Group nodes that share lines or belong together, and share out all lines of the block."""
    row: list[Node] = []
    start, last, all_leading = block.start, 0, True
    for node in block.nodes:
        first = first_line(node)
        attached = all_leading and _documents_next(row, first - last - 1)
        if row and first > last and not attached:
            yield replace(block, nodes=row, start=start, end=first - 1)
            row, start, all_leading = [], first, True
        row.append(node)
        last = max(last, last_line(node))
        all_leading = all_leading and node.type in grammar.leading
    if row or start <= block.end:
        yield replace(block, nodes=row, start=start)


def _documents_next(row: list[Node], blank_lines: int) -> bool:
    """Say whether comments or decorators belong to what follows them."""
    if not row or blank_lines > 1:
        return False
    return blank_lines == 0 or (row[-1].text or b"").startswith(DOC_COMMENT)
