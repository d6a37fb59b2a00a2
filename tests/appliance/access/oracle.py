"""Who may read what, once more and from nothing: shares no code with the product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Rule:
    """A grant as it was meant."""

    source: str
    pattern: str
    allow: bool
    is_over: bool  # its end has passed


def may_read(active: bool, hidden: set[str], rules: Iterable[Rule], source: str, path: str) -> bool:
    """Return what the sentences of docs/access.md say, for the rules of one person."""
    if not active or source in hidden:
        return False
    fitting = [r for r in rules if r.source == source and not r.is_over and fits(r.pattern, path)]
    longest = max((fixed(r.pattern) for r in fitting), default=-1)
    return longest >= 0 and all(r.allow for r in fitting if fixed(r.pattern) == longest)


@cache
def fixed(pattern: str) -> int:
    return sum(letter not in "*?" for letter in pattern.strip("/"))


@cache
def fits(pattern: str, path: str) -> bool:
    """Return whether a pattern is about a path: the path itself, or a folder above it."""
    bare = pattern.strip("/")
    ends = [at for at, letter in enumerate(path) if letter == "/"] + [len(path)]
    return not bare or any(walk(bare, path[:end], "/") for end in ends)


def walk(pattern: str, text: str, before: str) -> bool:
    if not pattern:
        return not text
    if pattern.startswith("**/") and before == "/":
        tails = [text] + [text[at + 1 :] for at, letter in enumerate(text) if letter == "/"]
        return any(walk(pattern[3:], tail, "/") for tail in tails)
    if pattern.startswith("**"):
        return any(walk(pattern[2:], text[at:], "*") for at in range(len(text) + 1))
    if pattern[0] == "*":
        name = text.split("/", 1)[0]
        return any(walk(pattern[1:], text[at:], "*") for at in range(len(name) + 1))
    is_same = bool(text) and (text[0] == pattern[0] or (pattern[0] == "?" and text[0] != "/"))
    return is_same and walk(pattern[1:], text[1:], pattern[0])
