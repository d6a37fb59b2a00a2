"""The part of RE2's language that trigrams can be read from: letters, groups, choices, repeats.

Not a second regular expression engine: RE2 alone decides what a pattern means and whether it is
one. What this reader does not know for certain becomes Unknown, which every text satisfies; it may
therefore know little, and must never be wrong about what it knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CLASS = 10  # letters of a class that are followed one by one
MAX_DEPTH = 60
SPECIAL = frozenset(".*+?()[]{}|^$\\")
CONTROL = {"t": "\t", "f": "\f", "v": "\v", "r": "\r", "a": "\a"}
REPEAT = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")
CLASS_ESCAPES = frozenset("dDwWsS")
WIDTHLESS = frozenset("bB")
GROUP_START = re.compile(r"\?(?:P?<\w+>|i?:)")  # flags that change what letters mean are not here


class NotUnderstood(Exception):
    """The pattern holds something of which this reader is not certain."""


@dataclass(frozen=True, slots=True)
class Letters:
    """One of these letters."""

    letters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    part: Node
    at_least: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything, the empty text too."""


Node = Letters | Sequence | Alternative | Repeat | Unknown
UNKNOWN = Unknown()
NOTHING = Sequence(())


def literal(text: str) -> Node:
    return Sequence(tuple(Letters(frozenset(letter)) for letter in text))


def read_pattern(pattern: str) -> Node:
    """Return what a pattern that RE2 has taken looks like; Unknown when it is not certain."""
    try:
        return _Reader(pattern.removeprefix("(?i)")).whole()
    except NotUnderstood:
        return UNKNOWN


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def whole(self) -> Node:
        node = self._choice(0)
        if self.at < len(self.pattern):
            raise NotUnderstood
        return node

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _next(self) -> str:
        letter = self._peek()
        if not letter:
            raise NotUnderstood
        self.at += 1
        return letter

    def _choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NotUnderstood
        options = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Alternative(tuple(options))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while (letter := self._peek()) and letter not in "|)":
            parts.append(self._repeats(self._atom(depth)))
        return Sequence(tuple(parts))

    def _repeats(self, node: Node) -> Node:
        while letter := self._peek():
            if letter in "*?":
                self.at += 1
                node = Repeat(node, 0)
            elif letter == "+":
                self.at += 1
                node = Repeat(node, 1)
            elif letter == "{" and (found := REPEAT.match(self.pattern, self.at)):
                self.at = found.end()
                node = Repeat(node, int(found[1]))
            else:
                return node
        return node

    def _atom(self, depth: int) -> Node:
        letter = self._next()
        if letter == "(":
            return self._group(depth)
        if letter == "[":
            return self._class()
        if letter == "\\":
            return self._escape()
        if letter == ".":
            return UNKNOWN
        if letter in "^$":
            return NOTHING
        if letter == "{":
            return Letters(frozenset("{"))  # RE2 takes a brace that repeats nothing for itself
        if letter in SPECIAL - {"]", "}"}:
            raise NotUnderstood
        return Letters(frozenset(letter))

    def _group(self, depth: int) -> Node:
        if self._peek() == "?":
            found = GROUP_START.match(self.pattern, self.at)
            if not found:
                raise NotUnderstood
            self.at = found.end()
        node = self._choice(depth + 1)
        if self._next() != ")":
            raise NotUnderstood
        return node

    def _escape(self) -> Node:
        letter = self._next()
        if letter in CLASS_ESCAPES:
            return UNKNOWN
        if letter in WIDTHLESS:
            return NOTHING
        if letter in CONTROL:
            return Letters(frozenset(CONTROL[letter]))
        if letter.isascii() and not letter.isalnum():
            return Letters(frozenset(letter))
        raise NotUnderstood  # \A, \z, \Q, \C, \pL, \x41, \1: RE2 knows, this reader does not

    def _class(self) -> Node:
        """Follow small classes of plain letters; know of any other only where it ends."""
        letters: set[str] = set()
        plain = self._peek() != "^"
        if not plain:
            self.at += 1
        first = True
        while first or self._peek() != "]":
            first = False
            letter = self._next()
            if letter == "\\":
                letter = self._class_escape()
                plain = plain and not letter.isalnum()
            elif letter == "-" and letters:
                plain = plain and self._peek() == "]"
            elif letter == "[" and self._peek() == ":":
                raise NotUnderstood
            letters.add(letter)
        self.at += 1
        return Letters(frozenset(letters)) if plain and len(letters) <= MAX_CLASS else UNKNOWN

    def _class_escape(self) -> str:
        """Return what stands behind a backslash: a sign for itself, or the name of a class."""
        letter = self._next()
        known = letter in CLASS_ESCAPES or letter in CONTROL or letter == "n"
        if not known and (letter.isalnum() or not letter.isascii()):
            raise NotUnderstood
        return letter
