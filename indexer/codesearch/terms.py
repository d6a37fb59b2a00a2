"""Several things at once: `a AND b`, `a OR b`, `a AND NOT b`, and parentheses around them.

They speak of files: `a AND b` chooses the files that hold both, and shows the lines of either. The
words are operators in capitals only, and only between two terms: everything else is text, because
code is full of these words and of parentheses. A term in quotes is always a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from indexer.codesearch.errors import QueryRefused

MAX_TERMS = 12
MAX_DEPTH = 20
QUOTED = r'"(?:[^"\\]|\\.)*"'
REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/")
PIECE = re.compile(rf"{QUOTED}|{REGEX.pattern}|\S")
OPERATOR = re.compile(r"(?:AND|OR)(?=[\s(])")
NOT = re.compile(r"NOT(?=[\s(])")
LACKS = "{} needs a term on both sides. As a text, put the whole in quotes."


@dataclass(frozen=True, slots=True)
class Term:
    """A text, or a regular expression."""

    text: str
    is_regex: bool = False

    def __str__(self) -> str:
        if self.is_regex:
            return "/" + re.sub(r"((?:^|[^\\])(?:\\\\)*)/", r"\1\\/", self.text) + "/"
        return '"' + re.sub(r'(["\\])', r"\\\1", self.text) + '"'


@dataclass(frozen=True, slots=True)
class Every:
    """Files in which all of it holds."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return "(" + " AND ".join(map(str, self.parts)) + ")"


@dataclass(frozen=True, slots=True)
class Either:
    """Files in which some of it holds."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return "(" + " OR ".join(map(str, self.parts)) + ")"


@dataclass(frozen=True, slots=True)
class Without:
    """Files in which it does not hold."""

    part: Expression

    def __str__(self) -> str:
        return f"NOT {self.part}"


Expression: TypeAlias = Term | Every | Either | Without


def terms_of(expression: Expression) -> Iterator[Term]:
    """Yield every term, those that must not be there too."""
    match expression:
        case Term():
            yield expression
        case Without(part):
            yield from terms_of(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from terms_of(part)


def shown_terms(expression: Expression) -> Iterator[Term]:
    """Yield the terms whose lines are shown: not what must not be there."""
    match expression:
        case Term():
            yield expression
        case Every(parts) | Either(parts):
            for part in parts:
                yield from shown_terms(part)
        case Without():
            return


def holds(expression: Expression, is_there: Callable[[Term], bool]) -> bool:
    """Return whether an expression holds in a file."""
    match expression:
        case Term():
            return is_there(expression)
        case Without(part):
            return not holds(part, is_there)
        case Every(parts):
            return all(holds(part, is_there) for part in parts)
        case Either(parts):
            return any(holds(part, is_there) for part in parts)


def read_term(text: str) -> Term:
    """Read one term: in quotes, between slashes, or as it stands."""
    text = text.strip()
    if re.fullmatch(QUOTED, text):
        return Term(re.sub(r'\\(["\\])', r"\1", text[1:-1]))
    if found := REGEX.fullmatch(text):
        return Term(found[1].replace("\\/", "/"), True)
    return Term(text)


def read_expression(line: str) -> Expression | None:
    """Read a line with operators; None for one that has none. Raises QueryRefused."""
    tokens = _tokens(line)
    if not {"AND", "OR", "NOT"} & set(tokens):
        return None
    reader = _Reader(tokens)
    found = reader.either()
    if reader.rest:
        raise QueryRefused("A parenthesis closes that none opens. As a text, use quotes.")
    if sum(1 for _ in terms_of(found)) > MAX_TERMS:
        raise QueryRefused(f"At most {MAX_TERMS} terms can be looked for at once.")
    shown = set(shown_terms(found))
    if holds(found, lambda _: False) or not shown:
        raise QueryRefused(
            "This says only what files must not hold: say what is looked for beside it, as in "
            "a AND NOT b. As a text, put the whole in quotes."
        )
    return found


def _tokens(line: str) -> list[str]:
    """Return operators, parentheses that group, and terms with a blank in front of each."""
    tokens: list[str] = []
    text = ""
    at = opened = inside = 0
    while at < len(line):
        begins = not text.strip()
        found = _word(line, at, begins=begins and (not tokens or tokens[-1][0] != " "), text=text)
        if found:
            tokens += [f" {text.strip()}"] if text.strip() else []
            tokens.append(found)
            text, inside, at = "", 0, at + len(found)
        elif begins and line[at] == "(" and not line.startswith("()", at):
            tokens.append("(")
            opened, at = opened + 1, at + 1
        elif line[at] == ")" and opened and not inside:
            tokens += [f" {text.strip()}"] if text.strip() else []
            tokens.append(")")
            text, opened, at = "", opened - 1, at + 1
        else:
            whole = PIECE.match(line, at) if begins else None
            piece = whole[0] if whole else line[at]
            if len(piece) == 1:
                inside += (piece == "(") - (piece == ")" and inside > 0)
            text, at = text + piece, at + len(piece)
    return tokens + ([f" {text.strip()}"] if text.strip() else [])


def _word(line: str, at: int, *, begins: bool, text: str) -> str:
    """Return the operator that stands here: AND and OR behind a term, NOT before one."""
    if at and not (line[at - 1].isspace() or line[at - 1] in "()"):
        return ""
    if begins and (found := NOT.match(line, at)):
        return found[0]
    found = OPERATOR.match(line, at)
    return found[0] if found else ""


class _Reader:
    """Reads tokens: OR binds less than AND, AND less than NOT."""

    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens
        self._depth = 0

    def either(self) -> Expression:
        parts = [self._every()]
        while self._take("OR"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self) -> Expression:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryRefused(f"Parentheses and NOT stand more than {MAX_DEPTH} deep.")
        try:
            if self._take("NOT"):
                return Without(self._one())
            if self._take("("):
                return self._group()
            return self._term()
        finally:
            self._depth -= 1

    def _group(self) -> Expression:
        found = self.either()
        if not self._take(")"):
            raise QueryRefused("A parenthesis is not closed. As a text, use quotes.")
        return found

    def _term(self) -> Term:
        if not self.rest or self.rest[0][0] != " ":
            raise QueryRefused(LACKS.format(self.rest[0] if self.rest else "The operator"))
        return read_term(self.rest.pop(0))

    def _take(self, token: str) -> bool:
        if self.rest and self.rest[0] == token:
            self.rest.pop(0)
            return True
        return False
