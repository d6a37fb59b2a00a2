"""The names that a program defines and uses, found by tree-sitter queries in its syntax tree.

The queries follow the grammars' own tags.scm (tree-sitter's code navigation), with what those leave
out: qualified names, values of modules, imports and types. A name is matched by its spelling, as
search does, not resolved as a compiler would.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

from tree_sitter import Language, Node, Query, QueryCursor

from indexer.chunking.grammar import (
    MAX_NAME,
    Grammar,
    first_line,
    last_line,
    node_text,
    signature,
)
from indexer.chunking.registry import DefinitionSpan, NameUse
from indexer.chunking.scopes import CONTAINERS
from indexer.spans import Span

MAX_DEFINITIONS = 5000  # of one file; more is generated data
MAX_USED_NAMES = 5000
MAX_USE_LINES = 500  # of one name
MAX_QUALIFIED = 200
NO_DEFINITION = frozenset({"impl"})  # a Rust impl names its methods and defines nothing itself


def find_definitions(root: Node, grammar: Grammar) -> list[DefinitionSpan]:
    """Return the definitions in document order, each under the names of those around it."""
    captured = _captures(root, grammar, "definitions")
    nodes = [(node, True) for node in captured.get("definition", ())]
    nodes += [(node, False) for node in captured.get("constant", ())]
    nodes.sort(key=lambda found: (found[0].start_byte, -found[0].end_byte))
    definitions: list[DefinitionSpan] = []
    around: list[tuple[int, str, str]] = []  # end, qualified name, kind
    named: set[tuple[int, str]] = set()
    for node, is_scope in nodes[: 2 * MAX_DEFINITIONS]:
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        name = grammar.name_of(node) if is_scope else node_text(node)
        if not name or (node.start_byte, name) in named:
            continue
        named.add((node.start_byte, name))
        parent_name, parent_kind = around[-1][1:] if around else ("", "")
        kind = grammar.definitions[node.type] if is_scope else "constant"
        if kind == "function" and parent_kind in CONTAINERS:
            kind = "method"
        qualified = f"{parent_name}{grammar.separator}{name}" if parent_name else name
        if is_scope:
            around.append((node.end_byte, qualified[:MAX_QUALIFIED], kind))
        if kind not in NO_DEFINITION:
            definitions.append(_definition(node, name, qualified, kind, grammar))
    return definitions[:MAX_DEFINITIONS]


def _definition(
    node: Node, name: str, qualified: str, kind: str, grammar: Grammar
) -> DefinitionSpan:
    # What a language qualifies itself, such as Go's Command.Run, is known by its last name too.
    last = name.rpartition(grammar.separator)[2].rpartition(".")[2] or name
    if kind == "constant":
        line = first_line(node)
        return DefinitionSpan(last, qualified[:MAX_QUALIFIED], kind, Span(line, line), "")
    start = first_line(node)
    span = Span(start, max(start, last_line(node)))
    return DefinitionSpan(last, qualified[:MAX_QUALIFIED], kind, span, signature(node))


def find_uses(root: Node, grammar: Grammar, definitions: list[DefinitionSpan]) -> list[NameUse]:
    """Return the used names with their lines; where a name is defined is no use of it."""
    defined = {(definition.name, definition.span.start_line) for definition in definitions}
    lines: dict[bytes, set[int]] = defaultdict(set)
    for node in _captures(root, grammar, "uses").get("use", ()):
        text = node.text
        if text and len(text) <= MAX_NAME:
            lines[text].add(node.start_point.row + 1)
    uses = []
    for text, rows in lines.items():
        name = text.decode("utf-8", "replace")
        kept = sorted(row for row in rows if (name, row) not in defined)[:MAX_USE_LINES]
        if kept:
            uses.append(NameUse(name, tuple(kept)))
    return sorted(uses, key=lambda use: use.name)[:MAX_USED_NAMES]


def _captures(root: Node, grammar: Grammar, what: str) -> dict[str, list[Node]]:
    # The entry point stands for the grammar: a grammar holds mappings, which have no hash.
    return QueryCursor(_query(grammar.language, _source(grammar, what))).captures(root)


def _source(grammar: Grammar, what: str) -> str:
    if what == "uses":
        return grammar.uses
    types = "\n".join(f"({name})" for name in sorted(grammar.definitions))
    return f"[{types}] @definition\n{grammar.constants}"


@lru_cache(maxsize=64)
def _query(language: Any, source: str) -> Query:
    return Query(Language(language()), source)
