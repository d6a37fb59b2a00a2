"""Where a text is no proper text of its language: to compare a file before and after a change."""

from __future__ import annotations

import ast
import warnings

from tree_sitter import Node

from indexer.chunking.parsing import Unparsable, parse
from indexer.chunking.registry import GRAMMARS

MOST_FAULTS = 1000


def fault_lines(text: str, language: str) -> list[int] | None:
    """Return the lines with what the parser could not place, or had to add.

    None: nobody here can parse this language, or not this text. Python's own parser is asked too:
    it alone minds the indentation.
    """
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return None
    try:
        root = parse(text, grammar).root_node
    except Unparsable:
        return None
    lines = _faults_below(root)
    if language == "python" and not lines:
        lines = _python_faults(text)
    return lines


def _faults_below(root: Node) -> list[int]:
    lines: list[int] = []
    stack = [root]
    while stack and len(lines) < MOST_FAULTS:
        node = stack.pop()
        if node.is_error or node.is_missing:
            lines.append(node.start_point.row + 1)
        elif node.has_error:
            stack.extend(reversed(node.children))
    return lines


def _python_faults(text: str) -> list[int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is no fault
            ast.parse(text)
    except SyntaxError as exc:
        return [exc.lineno or 1]
    except ValueError:
        return [1]
    return []
