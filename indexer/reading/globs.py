"""Patterns of gitignore as regular expressions that never backtrack far.

Each star between two fixed pieces becomes an atomic group that takes the first place where the
next piece fits. For stars that is always right, and a pattern then costs at most its own length
times that of the path; a plain translation takes hours for `*a*a*a*a*a*a*b`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

STAR, SLASH, ACROSS = "*", "/", "**"  # tokens that are no regular expression for one character
ONE = "[^/]"
NEVER = "(?!)"

POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern, ready to be matched."""

    expression: str  # of the whole path, or of the name when `is_of_name`
    is_of_name: bool  # the pattern holds no slash: it is about names in any folder
    is_negated: bool
    is_of_folders: bool


def to_glob(line: str) -> Glob | None:
    """Translate one line of a gitignore file; None for one that can match nothing."""
    line = _without_trailing_spaces(line)
    is_negated = line.startswith("!")
    line = line.removeprefix("!")
    is_of_folders = line.endswith("/")
    line = line.removesuffix("/")
    tokens = _tokens(line)
    if not tokens:
        return None
    is_of_name = SLASH not in line  # git counts one in brackets too
    if is_of_name:
        expression = _segment([STAR if token == ACROSS else token for token in tokens])
    else:
        expression = _path(tokens[1:] if line.startswith(SLASH) else tokens)
    if NEVER in expression:
        return None
    return Glob(expression, is_of_name, is_negated, is_of_folders)


def _without_trailing_spaces(line: str) -> str:
    stripped = line.rstrip(" ")
    is_escaped = (len(stripped) - len(stripped.rstrip("\\"))) % 2 == 1
    return stripped + " " if is_escaped and len(stripped) < len(line) else stripped


def _tokens(pattern: str) -> list[str] | None:
    """Split into stars, slashes and expressions for one character; None when it is broken."""
    tokens: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        end = at + 1
        if letter == "*":
            while pattern[end : end + 1] == "*":
                end += 1
            tokens.append(STAR if end - at == 1 else ACROSS)
        elif letter == "[":
            found = _class(pattern, at)
            if found is None:
                return None
            token, end = found
            tokens.append(token)
        elif letter == "\\":
            if end == len(pattern):
                return None
            tokens.append(SLASH if pattern[end] == "/" else re.escape(pattern[end]))
            end += 1
        else:
            tokens.append({"?": ONE, "/": SLASH}.get(letter) or re.escape(letter))
        at = end
    return tokens


def _class(pattern: str, start: int) -> tuple[str, int] | None:
    """Translate a bracket expression; return it with where it ends, None when it has no end."""
    at = start + 1
    is_negated = pattern[at : at + 1] in {"!", "^"}
    at += is_negated
    first, members = at, []
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        if pattern.startswith("[:", at) and (end := pattern.find(":]", at)) > 0:
            known = POSIX_CLASSES.get(pattern[at + 2 : end])
            if known is None:
                return None
            members.append(known)
            at = end + 2
            continue
        low, at = _member(pattern, at)
        high = low
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in {"", "]"}:
            high, at = _member(pattern, at + 1)
        members.append(f"{re.escape(low)}-{re.escape(max(low, high))}")  # as git: [z-a] is z
    if at >= len(pattern):
        return None
    inside = "".join(members)
    if is_negated:
        return f"[^/{inside}]", at + 1
    return (f"(?!/)[{inside}]" if inside else NEVER), at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1


def _path(tokens: Sequence[str]) -> str:
    """Join the segments of a path; `**` as a whole segment stands for any folders."""
    groups: list[list[str]] = [[]]  # what stands between two `**`
    for segment in _segments(tokens):
        if segment == [ACROSS]:
            if groups[-1] or len(groups) == 1:
                groups.append([])
        else:
            groups[-1].append(
                _segment([STAR if token == ACROSS else token for token in segment]),
            )
    first, *others = groups
    expression = "/".join(first)
    for number, group in enumerate(others):
        between = "/" if number == 0 and first else ""
        if group and number == len(others) - 1:
            expression += f"{between}(?:[^/]+/)*?{'/'.join(group)}"
        elif group:
            expression += f"{between}(?>(?:[^/]+/)*?{'/'.join(group)}/)"
        else:
            expression += f"{between}.+"
    return expression


def _segments(tokens: Sequence[str]) -> list[list[str]]:
    segments: list[list[str]] = [[]]
    for token in tokens:
        if token == SLASH:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _segment(tokens: Sequence[str]) -> str:
    """Translate what stands between two slashes."""
    pieces: list[str] = [""]
    for token in tokens:
        if token == STAR:
            pieces.append("")
        else:
            pieces[-1] += token
    if len(pieces) == 1:
        return pieces[0] or NEVER
    first, *middle, last = pieces
    inner = "".join(f"(?>[^/]*?{piece})" for piece in middle if piece)
    return f"{first}{inner}(?>[^/]*{last}(?=/|\\Z))" if last else f"{first}{inner}[^/]*+"
