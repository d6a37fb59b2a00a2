"""SCIM's filters, read into a tree (RFC 7644, 3.4.2.2), with limits on what a client may send."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from appliance.accounts.scim.errors import ScimError
from appliance.accounts.scim.paths import attribute_name

MAX_CHARS = 4096
MAX_DEPTH = 20
MAX_TERMS = 100
OPERATORS = {"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}
TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()\[\]])|([^\s()\[\]"]+))')
NAME = re.compile(r"[a-z$][\w$.:-]*", re.ASCII)
WORDS: dict[str, str | bool | None] = {"true": True, "false": False, "null": None}

Value = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of one attribute; the operator `pr` asks only whether there is a value."""

    attribute: str
    operator: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Not:
    term: Filter


@dataclass(frozen=True, slots=True)
class Both:
    """All or any of some terms."""

    terms: tuple[Filter, ...]
    is_all: bool


Filter = Comparison | Not | Both


@dataclass(frozen=True, slots=True)
class PatchPath:
    """What a PATCH aims at: an attribute, which of its values, and a part of these."""

    attribute: str
    chosen: Filter | None = None
    part: str = ""


def parse_filter(text: str) -> Filter:
    """Raises ScimError (invalidFilter) for what is no filter, or more of one than is read."""
    if len(text) > MAX_CHARS:
        raise _bad(f"it has {len(text)} characters; {MAX_CHARS} are read")
    reader = _Reader(text, _bad)
    found = reader.any_of("")
    reader.end()
    return found


def parse_path(text: str) -> PatchPath:
    """Read `members[value eq "7"]`, `name.givenName` and the like. Raises ScimError (invalidPath)."""
    if len(text) > MAX_CHARS:
        raise _bad_path("it is too long")
    reader = _Reader(text, _bad_path)
    name = reader.name()
    if not reader.skip("["):
        reader.end()
        return _split(name)
    chosen = reader.any_of("")
    reader.expect("]")
    part = reader.word().lower() if not reader.is_done else ""
    if part and not (part.startswith(".") and NAME.fullmatch(part[1:])):
        raise _bad_path(f"{part!r} cannot stand behind a bracket")
    reader.end()
    return PatchPath(name, chosen, part[1:])


def _split(name: str) -> PatchPath:
    if name.startswith("urn:"):
        return PatchPath(name)
    attribute, _, part = name.partition(".")
    return PatchPath(attribute, None, part)


def _bad(why: str) -> ScimError:
    return ScimError(400, f"The filter cannot be read: {why}.", "invalidFilter")


def _bad_path(why: str) -> ScimError:
    return ScimError(400, f"The path cannot be read: {why}.", "invalidPath")


class _Reader:
    """Goes through the tokens of one text, from left to right."""

    def __init__(self, text: str, bad: Callable[[str], ScimError]) -> None:
        self._bad, self._at, self._depth, self._terms = bad, 0, 0, 0
        self._tokens: list[str] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None:
                raise bad(f"there is something wrong at character {place + 1}")
            self._tokens.append(match.group().strip())
            place = match.end()

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        return "" if self.is_done else self._tokens[self._at]

    def skip(self, token: str) -> bool:
        found = self.peek().lower() == token
        self._at += found
        return found

    def expect(self, token: str) -> None:
        if not self.skip(token):
            raise self._bad(f"{token} is missing")

    def word(self) -> str:
        if self.is_done:
            raise self._bad("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def name(self) -> str:
        name = attribute_name(self.word())
        if not NAME.fullmatch(name):
            raise self._bad(f"{name[:50]!r} is no attribute")
        return name

    def end(self) -> None:
        if not self.is_done:
            raise self._bad(f"{self.peek()[:50]!r} stands where it should end")

    def any_of(self, prefix: str) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._bad(f"it is nested deeper than {MAX_DEPTH}")
        terms = [self._all_of(prefix)]
        while self.skip("or"):
            terms.append(self._all_of(prefix))
        self._depth -= 1
        return terms[0] if len(terms) == 1 else Both(tuple(terms), is_all=False)

    def _all_of(self, prefix: str) -> Filter:
        terms = [self._term(prefix)]
        while self.skip("and"):
            terms.append(self._term(prefix))
        return terms[0] if len(terms) == 1 else Both(tuple(terms), is_all=True)

    def _term(self, prefix: str) -> Filter:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._bad(f"it has more than {MAX_TERMS} terms")
        if self.skip("not"):
            self.expect("(")
            found: Filter = Not(self.any_of(prefix))
            self.expect(")")
            return found
        if self.skip("("):
            found = self.any_of(prefix)
            self.expect(")")
            return found
        return self._comparison(prefix)

    def _comparison(self, prefix: str) -> Filter:
        name = f"{prefix}{self.name()}"
        if not prefix and self.skip("["):  # emails[type eq "work"]
            found = self.any_of(f"{name}.")
            self.expect("]")
            return found
        operator = self.word().lower()
        if operator == "pr":
            return Comparison(name, "pr")
        if operator not in OPERATORS:
            raise self._bad(f"{operator[:50]!r} is no operator")
        return Comparison(name, operator, self._value())

    def _value(self) -> Value:
        word = self.word()
        if word.lower() in WORDS:
            return WORDS[word.lower()]
        try:
            value = json.loads(word)
        except ValueError:
            value = [word]
        if isinstance(value, str | int | float):
            return value
        raise self._bad(f"{word[:50]!r} is no value: put texts into double quotes")
