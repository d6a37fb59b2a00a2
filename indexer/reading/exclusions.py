"""Paths that administrators or a repository's own .plumblineignore keep out of the index.

The patterns are those of gitignore, matched by pathspec. What is hostile is bounded: a file with
too many or too long patterns is cut, and the cut is part of the reason where it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from indexer.skips import Skip, SkipReason

IGNORE_FILE = ".plumblineignore"
MAX_PATTERNS = 1000
MAX_PATTERN = 500  # characters
MAX_WILDCARDS = 12  # of one pattern: more can make a regular expression crawl


@dataclass(frozen=True, slots=True)
class _Origin:
    spec: GitIgnoreSpec
    lines: tuple[tuple[int, str], ...]
    name: str


class Exclusions:
    """Patterns of administrators first, then those of the repository."""

    def __init__(self, patterns: Sequence[str], ignore_file_text: str = "") -> None:
        self._origins = tuple(
            origin
            for name, lines in (
                ("excluded by an administrator", patterns),
                (IGNORE_FILE, ignore_file_text.splitlines()),
            )
            if (origin := _origin(name, lines)) is not None
        )

    @property
    def key(self) -> str:
        """Return what these exclusions are, for comparing with others."""
        return "\0".join(
            f"{origin.name}\0" + "\n".join(pattern for _, pattern in origin.lines)
            for origin in self._origins
        )

    def skip_for(self, path: str) -> Skip | None:
        """Return why this path is kept out, None when it is not."""
        for origin in self._origins:
            result = origin.spec.check_file(path)
            if result.include and result.index is not None:
                number, pattern = origin.lines[result.index]
                return Skip(SkipReason.EXCLUDED, f"{pattern[:120]} ({origin.name}, line {number})")
        return None


def _origin(name: str, lines: Sequence[str]) -> _Origin | None:
    kept = tuple(
        (number, line.rstrip("\r"))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#") and is_acceptable(line)
    )[:MAX_PATTERNS]
    if not kept:
        return None
    return _Origin(GitIgnoreSpec.from_lines(pattern for _, pattern in kept), kept, name)


def is_acceptable(pattern: str) -> bool:
    """Return whether a pattern is short and plain enough to be matched quickly."""
    return len(pattern) <= MAX_PATTERN and pattern.count("*") <= MAX_WILDCARDS
