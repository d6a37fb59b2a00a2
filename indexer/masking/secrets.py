"""Find secrets by the rules of detect-secrets, and by the prefixes that issuers have published since.

Python's engine runs a rule only on lines that RE2 has pointed at: one pass over the text with all
markers at once, in linear time whatever the text, so that ordinary code costs almost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import log2
from typing import Any

import re2

from indexer.masking.rules import KEYWORDS, MARKERS, OWN_RULES, PLUGINS, PRIVATE_KEY, Rule

MAX_LINE = 4000  # characters of a line that rules look at, around what marks it
MAX_KEY_LINES = 200
MIN_ENTROPY = 3.0  # bits a character, of a value that only its name makes suspect
MIN_LENGTH = 8
PLACEHOLDERS = re.compile(
    r"example|placeholder|change.?me|your[-_ ]|dummy|sample|redacted|xxx|todo|insert|secret$|"
    r"password$|\*\*\*|\.\.\.",
    re.IGNORECASE,
)
# A password of one's own choice that is a mere word, a constant's name or a call is none. A key
# in its issuer's format may well be letters alone.
WORDS = re.compile(r"^[A-Z]?[a-z]+$|^[A-Z_]+$|^[\w.]+\($")
CHOSEN_BY_PEOPLE = frozenset({"password-in-address", "password-or-key"})
REFERENCES = re.compile(
    r"^[$%{<\[(@]|[)}>\]]$|^[a-z_]+(?:\.[a-z_]+)+$|[\s/\\]|::|->", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Secret:
    start: int
    end: int
    rule: str


def find_secrets(text: str, path: str) -> list[Secret]:
    """Return the secrets in order, none overlapping another."""
    content = text.encode("utf-8", "replace")
    if _markers().search(content) is None:
        return []
    found = [*_private_keys(text)]
    for start, line in _marked_lines(text):
        found.extend(_in_line(start, line))
    return _disjoint(found)


@lru_cache(maxsize=1)
def _markers() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 64 << 20
    return re2.compile("|".join(MARKERS), options)


def _marked_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold a marker, with their places; long ones around it."""
    start = 0
    markers = _markers()
    for line in text.split("\n"):
        if len(line) >= MIN_LENGTH:
            if len(line) <= MAX_LINE:
                if markers.search(line.encode("utf-8", "replace")):
                    yield start, line
            else:
                for at in range(0, len(line), MAX_LINE // 2):
                    piece = line[at : at + MAX_LINE]
                    if markers.search(piece.encode("utf-8", "replace")):
                        yield start + at, piece
        start += len(line) + 1


def _private_keys(text: str) -> Iterator[Secret]:
    for match in PRIVATE_KEY.finditer(text):
        if match[0].count("\n") <= MAX_KEY_LINES and _entropy(match[0]) > MIN_ENTROPY:
            yield Secret(match.start(), match.end(), "private-key")


def _in_line(start: int, line: str) -> Iterator[Secret]:
    for rule in OWN_RULES:
        yield from _matches(rule, start, line)
    for name, plugin in PLUGINS:
        for value in plugin.analyze_string(line):
            yield from _occurrences(start, line, value, name)
    if KEYWORDS.marker.search(line):
        for value in KEYWORDS.detector.analyze_string(line):
            if _is_telling(value):
                yield from _occurrences(start, line, value, "password-or-key")


def _matches(rule: Rule, start: int, line: str) -> Iterator[Secret]:
    for match in rule.pattern.finditer(line):
        group = 1 if rule.pattern.groups else 0
        if _entropy(match[group]) >= rule.entropy and not PLACEHOLDERS.search(match[group]):
            yield Secret(start + match.start(group), start + match.end(group), rule.name)


def _occurrences(start: int, line: str, value: str, name: str) -> Iterator[Secret]:
    if len(value) < MIN_LENGTH or PLACEHOLDERS.search(value) or REFERENCES.search(value):
        return
    if name in CHOSEN_BY_PEOPLE and WORDS.search(value):
        return
    at = line.find(value)
    while at >= 0:
        yield Secret(start + at, start + at + len(value), name)
        at = line.find(value, at + len(value))


def _is_telling(value: str) -> bool:
    """Say whether a value that stands behind a name such as password looks like one."""
    has_digit = any(letter.isdigit() for letter in value)
    has_letter = any(letter.isalpha() for letter in value)
    return has_digit and has_letter and _entropy(value) >= MIN_ENTROPY


def _entropy(value: str) -> float:
    """Return Shannon's entropy in bits a character."""
    return -sum(
        share * log2(share) for letter in set(value) if (share := value.count(letter) / len(value))
    )


def _disjoint(found: list[Secret]) -> list[Secret]:
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda one: (one.start, -one.end, one.rule)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return kept
