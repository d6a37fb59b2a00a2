"""Patterns of ref names, such as release/* or tags/v*, and the names that refs go by.

A star stands for any characters but a slash; ** as a whole part for any number of parts. In front,
heads/ or tags/ narrows to branches or to tags. Matching takes linear time, since the names come
from a remote that may be hostile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

BRANCHES = "refs/heads/"
TAGS = "refs/tags/"
KINDS = (BRANCHES, TAGS)


def is_pattern(name: str) -> bool:
    return "*" in name


def matches(pattern: str, full: str) -> bool:
    """Return whether a pattern stands for the ref of this full name."""
    if not full.startswith(KINDS):
        return False
    pattern = pattern.removeprefix("refs/")
    kind = next((kind for kind in KINDS if f"refs/{pattern}".startswith(kind)), "")
    if kind:
        pattern = pattern.removeprefix(kind.removeprefix("refs/"))
        if not full.startswith(kind):
            return False
    return _matches_parts(pattern.split("/"), short_name(full).split("/"))


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [full for full in names if matches(pattern, full)]


def _matches_parts(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Walk the parts, holding every place of the pattern that may come next."""
    places = _with_skips({0}, pattern)
    for part in parts:
        reached = {
            place if pattern[place] == "**" else place + 1
            for place in places
            if place < len(pattern)
            and (pattern[place] == "**" or fnmatchcase(part, pattern[place]))
        }
        places = _with_skips(reached, pattern)
    return len(pattern) in places


def _with_skips(places: set[int], pattern: Sequence[str]) -> set[int]:
    """Add the places behind each **, which may stand for nothing."""
    found = set(places)
    for place in sorted(places):
        while place < len(pattern) and pattern[place] == "**":
            place += 1
            found.add(place)
    return found


def short_name(full: str) -> str:
    return full.removeprefix(BRANCHES).removeprefix(TAGS)


def names_of(fulls: Iterable[str]) -> Mapping[str, str]:
    """Return by full name what each ref is called: a tag tags/x where there is a branch x too."""
    taken = {"HEAD"}
    named: dict[str, str] = {}
    for full in sorted(fulls, key=lambda full: (full.startswith(TAGS), full)):
        short, kind = short_name(full), "tags" if full.startswith(TAGS) else "heads"
        name = next(name for name in (short, f"{kind}/{short}", full) if name not in taken)
        taken.add(name)
        named[full] = name
    return named
