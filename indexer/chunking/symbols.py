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
MEMBER_KINDS = ("constant", "field", "function", "method", "type")
CALLABLE = frozenset({"function", "method"})
SIGILS = ":@"  # what Ruby writes before the name of an attribute


def find_definitions(root: Node, grammar: Grammar) -> list[DefinitionSpan]:
    """Return the definitions in document order, each under the names of those around it."""
    captured = _captures(root, grammar, "definitions")
    nodes = [(node, "") for node in captured.get("definition", ())]
    nodes += [(node, kind) for kind in MEMBER_KINDS for node in captured.get(kind, ())]
    nodes.sort(key=lambda found: (found[0].start_byte, -found[0].end_byte))
    definitions: list[DefinitionSpan] = []
    around: list[tuple[int, str, str]] = []  # end, qualified name, kind
    named: set[tuple[int, str]] = set()
    members: set[str] = set()
    for node, member in nodes[: 2 * MAX_DEFINITIONS]:
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        name = node_text(node).lstrip(SIGILS) if member else grammar.name_of(node)
        if not name or (node.start_byte, name) in named:
            continue
        named.add((node.start_byte, name))
        parent_name, parent_kind = _parent(around, member)
        kind = member or grammar.definitions[node.type]
        if kind == "function" and parent_kind in CONTAINERS:
            kind = "method"
        qualified = f"{parent_name}{grammar.separator}{name}" if parent_name else name
        if not member:
            around.append((node.end_byte, qualified[:MAX_QUALIFIED], kind))
        elif qualified in members:
            continue  # an attribute that several methods assign, a method that is overloaded
        members.add(qualified)
        if kind not in NO_DEFINITION:
            definitions.append(_definition(node, name, qualified, bool(member), kind, grammar))
    return definitions[:MAX_DEFINITIONS]


def _parent(around: list[tuple[int, str, str]], member: str) -> tuple[str, str]:
    """Return qualified name and kind of what a definition belongs to.

    What a method assigns to its object belongs to the class around the method.
    """
    for _, name, kind in reversed(around):
        if member != "field" or kind not in CALLABLE:
            return name, kind
    return "", ""


def _definition(
    node: Node, name: str, qualified: str, is_member: bool, kind: str, grammar: Grammar
) -> DefinitionSpan:
    # What a language qualifies itself, such as Go's Command.Run, is known by its last name too.
    last = name.rpartition(grammar.separator)[2].rpartition(".")[2] or name
    if is_member:
        line = first_line(node)
        return DefinitionSpan(last, qualified[:MAX_QUALIFIED], kind, Span(line, line), "")
    start = first_line(node)
    span = Span(start, max(start, last_line(node)))
    return DefinitionSpan(last, qualified[:MAX_QUALIFIED], kind, span, signature(node))


def find_uses(root: Node, grammar: Grammar, definitions: list[DefinitionSpan]) -> list[NameUse]:
    """Return the used names with their lines; where a name is defined is no use of it."""
    defined = {(definition.name, definition.span.start_line) for definition in definitions}
    own = {definition.name.encode() for definition in definitions}
    lines: dict[bytes, set[int]] = defaultdict(set)
    captured = _captures(root, grammar, "uses")
    for node in captured.get("use", ()):
        text = node.text
        if text and len(text) <= MAX_NAME:
            lines[text].add(node.start_point.row + 1)
    for node in captured.get("name", ()):
        text = node.text
        # Constants, types and what a package exports are written so in all these languages.
        if not text or not text[:1].isupper() or not 1 < len(text) <= MAX_NAME:
            continue
        if text not in own or not _is_defining(node, grammar):
            lines[text].add(node.start_point.row + 1)
    uses = []
    for text, rows in lines.items():
        name = text.decode("utf-8", "replace")
        kept = sorted(row for row in rows if (name, row) not in defined)[:MAX_USE_LINES]
        if kept:
            uses.append(NameUse(name, tuple(kept)))
    return sorted(uses, key=lambda use: use.name)[:MAX_USED_NAMES]


def _is_defining(node: Node, grammar: Grammar) -> bool:
    """Say whether the node is the name of a definition, which may stand below its annotations."""
    parent = node.parent
    if parent is None or parent.type not in grammar.definitions:
        return False
    return parent.child_by_field_name("name") == node


def _captures(root: Node, grammar: Grammar, what: str) -> dict[str, list[Node]]:
    # The entry point stands for the grammar: a grammar holds mappings, which have no hash.
    return QueryCursor(_query(grammar.language, _source(grammar, what))).captures(root)


def _source(grammar: Grammar, what: str) -> str:
    if what == "uses":
        return grammar.uses
    types = "\n".join(f"({name})" for name in sorted(grammar.definitions))
    return f"[{types}] @definition\n{grammar.members}"


@lru_cache(maxsize=64)
def _query(language: Any, source: str) -> Query:
    return Query(Language(language()), source)
