"""Pairs from files: what people wrote about code, and that code without it.

Comments are found by their marks, line by line, so that any language with those marks is learned
from; Python's docstrings by its own parser.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import PurePosixPath

from inference.training.pairs import Pair

HASHES = frozenset({".py", ".pyi", ".rb", ".sh"})
BEFORE_LINES = 4
AFTER_LINES = 28
MOST_WORDS = 60
FEWEST_WORDS = 4

HASH_COMMENT = re.compile(r"^\s*#+(?!!)\s?(.*)$")
SLASH_COMMENT = re.compile(r"^\s*//[/!]?\s?(.*)$")
LUA_COMMENT = re.compile(r"^\s*--+\s?(.*)$")
STAR = re.compile(r"^\s*\*+/?\s?|\s*\*/\s*$")
WORD = re.compile(r"[A-Za-z]{2,}")
SYMBOL = re.compile(r"[=;{}()<>\[\]|&]")
LEGAL = re.compile(
    r"copyright|licen[sc]e|spdx|all rights reserved|@generated|eslint|pylint|noqa|nolint|istanbul"
    r"|prettier-ignore|type: ?ignore|clang-format|vim: ?set|-\*-|coding: ",
    re.IGNORECASE,
)
TAG = re.compile(r"^\s*[@:\\]\w+.*$")  # @param, :param x:, \brief
BRIEF = re.compile(r"^\s*[@\\](?:brief|summary|description|desc|details?)\s+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
MARKUP = re.compile(r"</?[a-z][^>]*>|\{@\w+\s+([^}]*)\}|[`*]{1,3}")


def comment_pairs(path: str, text: str) -> Iterator[Pair]:
    """Yield the pairs of comments (also of documentation comments) and the code they stand at."""
    lines = text.split("\n")
    for start, end, words in _blocks(lines, PurePosixPath(path).suffix.lower()):
        if (said := cleaned(words)) is None:
            continue
        before, after = _code_at(lines, start, end)
        if len(WORD.findall(" ".join([*before, *after]))) >= 6:
            asked, rest = _parted(said, whole=start % 2 == 0)
            yield Pair("comment", asked, "\n".join([path, *before, *rest, *after]))


def docstring_pairs(path: str, text: str) -> Iterator[Pair]:
    """Yield the pairs of Python docstrings and what they describe; none of a file that is broken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = text.split("\n")
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        written = ast.get_docstring(node)
        if not written or (said := cleaned(written.split("\n"))) is None:
            continue
        doc = node.body[0]
        body = lines[doc.end_lineno or doc.lineno : node.end_lineno]
        asked, rest = _parted(said, whole=node.lineno % 2 == 0)
        code = [*lines[node.lineno - 1 : doc.lineno - 1], *rest, *body][: AFTER_LINES + 20]
        if len(node.body) > 1:
            yield Pair("docstring", asked, "\n".join([path, *code]))


def cleaned(lines: list[str]) -> str | None:
    """Return the first paragraph of a comment in plain words, or None: it says too little."""
    kept: list[str] = []
    for line in lines:
        line = BRIEF.sub("", line)
        if TAG.match(line) or line.lstrip().startswith((">>>", "```", "---", "===", "...")):
            break
        if not line.strip() and len(WORD.findall(" ".join(kept))) >= FEWEST_WORDS:
            break
        kept.append(line.strip())
    said = MARKUP.sub(r"\1", " ".join(kept)).strip()
    words = WORD.findall(said)
    if len(words) < FEWEST_WORDS or LEGAL.search(said):
        return None
    if len(SYMBOL.findall(said)) * 3 > len(words):  # code that is commented out
        return None
    return " ".join(said.split()[:MOST_WORDS])


def _parted(said: str, *, whole: bool) -> tuple[str, list[str]]:
    """Return what is asked, and what of a comment stays with its code.

    What the product embeds has its comments in it: questions must be near to words, too.
    """
    first, *rest = SENTENCE.split(said, maxsplit=1)
    if whole or len(WORD.findall(first)) < FEWEST_WORDS:
        return said, []
    return first, rest


def _blocks(lines: list[str], suffix: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield first line, line behind the last, and the words of each block of comment lines."""
    if suffix in HASHES:
        yield from _runs(lines, HASH_COMMENT)
    elif suffix == ".lua":
        yield from _runs(lines, LUA_COMMENT)
    else:
        yield from _runs(lines, SLASH_COMMENT)
        yield from _starred(lines)


def _runs(lines: list[str], mark: re.Pattern[str]) -> Iterator[tuple[int, int, list[str]]]:
    start, words = 0, list[str]()
    for number, line in enumerate([*lines, ""]):
        if found := mark.match(line):
            start = start if words else number
            words.append(found[1])
        elif words:
            yield start, number, words
            words = []


def _starred(lines: list[str]) -> Iterator[tuple[int, int, list[str]]]:
    start, words, inside = 0, list[str](), False
    for number, line in enumerate(lines):
        if not inside and line.lstrip().startswith("/*"):
            start, words, inside = number, [], True
            line = line.lstrip()[2:]
        if inside:
            words.append(STAR.sub("", line).strip("* "))
            if "*/" in line:
                inside = False
                yield start, number + 1, words


def _code_at(lines: list[str], start: int, end: int) -> tuple[list[str], list[str]]:
    """Return the lines above and below a block of comment lines, as far as they belong to it."""
    indent = _indent(lines[start])
    before: list[str] = []
    if indent:  # inside a function: what stands above belongs to it
        before = [line for line in lines[max(0, start - BEFORE_LINES) : start] if line.strip()]
    after: list[str] = []
    for line in lines[end : end + AFTER_LINES + 10]:
        if line.strip() and after and _indent(line) < indent:
            break
        if not line.strip() and not indent and after and _ends(after[-1]):
            break
        after.append(line[:300])
    return before, after[:AFTER_LINES]


def _ends(line: str) -> bool:
    """Say whether a definition at the left margin ends here."""
    return line[:1] in {"}", ")", "]"} or line.endswith(";")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
