"""What a language tells the syntax-aware chunker: which nodes are definitions, and their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tree_sitter import Node

MAX_SIGNATURE = 200
MAX_NAME = 120
BODIES = frozenset({"class_body", "enum_class_body", "function_body"})  # without a field: Kotlin


def name_field(node: Node) -> str:
    """Return the text of the field "name", as most grammars call it."""
    return node_text(node.child_by_field_name("name"))


@dataclass(frozen=True, slots=True)
class Grammar:
    language: Callable[[], object]  # the tree-sitter package's entry point
    definitions: Mapping[str, str]  # node type -> kind
    wrappers: frozenset[str] = frozenset()  # node types that hold one definition: an export
    transparent: frozenset[str] = frozenset()  # hold any number of definitions: #ifdef
    leading: frozenset[str] = frozenset({"comment"})  # what sticks to the node after it
    name_of: Callable[[Node], str] = name_field  # "" when the node is no definition after all
    docstrings: bool = False  # the first string of a body is its documentation
    separator: str = "."
    # tree-sitter queries. Names that are defined without a scope of their own, each captured by its
    # kind (MEMBER_KINDS); names that are used, captured as @use, or as @name where the spelling
    # alone tells a constant or a type from a local variable.
    members: str = ""
    uses: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    node: Node
    name: str
    kind: str


def find_definition(node: Node, grammar: Grammar) -> Definition | None:
    """Return the definition that this node is or wraps."""
    for _ in range(4):  # export, declaration, declarator: no deeper in practice
        if kind := grammar.definitions.get(node.type):
            name = grammar.name_of(node)
            return Definition(node, name, kind) if name else None
        if node.type not in grammar.wrappers:
            return None
        known = (
            child
            for child in node.named_children
            if child.type in grammar.definitions or child.type in grammar.wrappers
        )
        inner = next(known, None)
        if inner is None:
            return None
        node = inner
    return None


def node_text(node: Node | None, limit: int = MAX_NAME) -> str:
    """Return the node's text on one line, shortened."""
    if node is None or node.text is None:
        return ""
    return one_line(node.text[: limit * 4], limit)


def one_line(source: bytes, limit: int) -> str:
    return " ".join(source.decode("utf-8", "replace").split())[:limit]


def signature(node: Node) -> str:
    """Return what stands before the body, on one line."""
    source = node.text or b""
    body = body_of(node)
    head = source[: body.start_byte - node.start_byte] if body else source.partition(b"\n")[0]
    return one_line(head[: MAX_SIGNATURE * 4], MAX_SIGNATURE).rstrip(" {:")


def body_of(node: Node) -> Node | None:
    if body := node.child_by_field_name("body"):
        return body
    for field in ("value", "right", "type"):
        if (value := node.child_by_field_name(field)) and (
            body := value.child_by_field_name("body")
        ):
            return body
    return next((child for child in node.named_children if child.type in BODIES), None)


def first_line(node: Node) -> int:
    return node.start_point.row + 1


def last_line(node: Node) -> int:
    """Return the last line with text; some nodes end at the start of the line after it."""
    row, column = node.end_point
    return row if column == 0 and row > node.start_point.row else row + 1
