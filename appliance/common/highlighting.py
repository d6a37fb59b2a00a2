"""Colour code line by line, so that a line number in a page is the line number in the file.

Pygments names the tokens; the classes below are ours, few enough that most of a line needs no
markup. Nothing here can lose or add a line: when a lexer changes the text, it is shown plain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from html import escape  # Django's, with the same outcome, asks each text first whether it is lazy

from django.utils.safestring import SafeString, mark_safe
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

# Colouring a megabyte takes seconds; a file of this size is data more often than code.
MAX_COLOURED_CHARACTERS = 300_000
# A longer line is not written by a person, and lexers can be slow on it.
MAX_COLOURED_LINE = 5_000

BLOCK_COMMENT_LANGUAGES = {
    "C", "C#", "C++", "CSS", "Go", "Java", "JavaScript", "Kotlin", "PHP", "Rust", "Scala", "Swift",
    "TypeScript",
}  # fmt: skip

CLASSES: dict[_TokenType, str] = {
    Token.Comment: "c",
    Token.Comment.Preproc: "p",
    Token.Keyword: "k",
    Token.Keyword.Constant: "n",
    Token.Keyword.Type: "t",
    Token.Literal.Number: "n",
    Token.Literal.String: "s",
    Token.Literal.String.Doc: "c",
    Token.Name.Attribute: "a",
    Token.Name.Builtin: "b",
    Token.Name.Builtin.Pseudo: "n",
    Token.Name.Class: "t",
    Token.Name.Constant: "n",
    Token.Name.Decorator: "p",
    Token.Name.Exception: "t",
    Token.Name.Function: "f",
    Token.Name.Namespace: "t",
    Token.Name.Tag: "k",
    Token.Operator.Word: "k",
    Token.Generic.Deleted: "d",
    Token.Generic.Inserted: "i",
    Token.Generic.Heading: "h",
    Token.Generic.Subheading: "h",
    Token.Generic.Strong: "h",
}


def highlighted_lines(
    text: str, path: str, terms: Collection[str] = (), *, first: int | None = None
) -> list[SafeString]:
    """Return one piece of HTML per line of the text, with the terms marked; `first`: of so many.

    What stands below them is not looked at: most of what a list of excerpts costs is colouring.
    """
    marks = _pattern_of(terms)
    lines = _coloured(text, _lexer_for(path), marks, first)
    if lines is None:
        lines = [_marked(line, marks) for line in text.split("\n")[:first]]
    return [mark_safe(line) for line in lines]  # noqa: S308  every piece was escaped below


def _pattern_of(terms: Collection[str]) -> re.Pattern[str] | None:
    wanted = sorted({term for term in terms if term}, key=len, reverse=True)
    if not wanted:
        return None
    return re.compile("|".join(re.escape(term) for term in wanted), re.IGNORECASE)


@lru_cache(maxsize=256)
def _lexer_for_name(name: str) -> Lexer | None:
    try:
        return get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _lexer_for(path: str) -> Lexer | None:
    return _lexer_for_name(path.rsplit("/", 1)[-1])


def _coloured(
    text: str, lexer: Lexer | None, marks: re.Pattern[str] | None, first: int | None
) -> list[str] | None:
    """Return the lines in colour, None when that would be slow or not line-exact."""
    if lexer and (opening := opening_of(text, lexer.name)):
        first = None if first is None else first + 1
        lines = _coloured_lines(f"{opening}\n{text}", lexer, marks, first)
        return lines[1:] if lines else None
    return _coloured_lines(text, lexer, marks, first)


def opening_of(text: str, language: str) -> str:
    """Return what was opened before an excerpt that begins inside a docstring or a comment."""
    if language == "Python":
        return '"""' if _ends_a_docstring(text) else ""
    if language in BLOCK_COMMENT_LANGUAGES:
        closed, opened = text.find("*/"), text.find("/*")
        return "/*" if closed >= 0 and not 0 <= opened < closed else ""
    return ""


def _ends_a_docstring(text: str) -> bool:
    """Return whether the first quotes close: they stand alone or after words, below no header."""
    parts = text.split('"""')
    if len(parts) % 2:
        return False
    above, _newline, beside = parts[0].rpartition("\n")
    if beside.strip():
        return True
    return parts[1][:1] in {"", "\n"} and not above.rstrip().endswith(":")


def _coloured_lines(
    text: str, lexer: Lexer | None, marks: re.Pattern[str] | None, first: int | None
) -> list[str] | None:
    plain = text.split("\n")
    if lexer is None or len(text) > MAX_COLOURED_CHARACTERS:
        return None
    if max(map(len, plain)) > MAX_COLOURED_LINE:
        return None
    wanted = plain[:first]
    lines: list[list[str]] = [[]]
    seen: list[list[str]] = [[]]
    for css_class, piece, starts_line in _pieces(text, lexer):
        if starts_line:
            if len(lines) == len(wanted):
                break  # the lexer goes no further
            lines.append([])
            seen.append([])
        seen[-1].append(piece)
        html = _marked(piece, marks)
        lines[-1].append(f'<span class="tok-{css_class}">{html}</span>' if css_class else html)
    if ["".join(pieces) for pieces in seen] != wanted:
        return None
    return ["".join(pieces) for pieces in lines]


def _pieces(text: str, lexer: Lexer) -> Iterator[tuple[str, str, bool]]:
    """Yield class and text of each token, cut at line ends."""
    for token_type, value in lexer.get_tokens(text):
        css_class = _class_of(token_type)
        for number, piece in enumerate(value.split("\n")):
            if piece or number:
                yield css_class if piece.strip() else "", piece, number > 0


@lru_cache(maxsize=512)
def _class_of(token_type: _TokenType) -> str:
    while token_type not in CLASSES:
        if token_type.parent is None:
            return ""
        token_type = token_type.parent
    return CLASSES[token_type]


def _marked(piece: str, marks: re.Pattern[str] | None) -> str:
    if marks is None:
        return escape(piece)
    pieces: list[str] = []
    end = 0
    for match in marks.finditer(piece):
        pieces += [escape(piece[end : match.start()]), "<mark>", escape(match.group()), "</mark>"]
        end = match.end()
    pieces.append(escape(piece[end:]))
    return "".join(pieces)
