"""Paths that administrators or a repository's own .plumblineignore keep out of the index.

Vendored code is kept out by itself; an exception (!node_modules/) of either takes it in. The patterns are those of gitignore and mean what they mean to git, but for one thing: `?` is a
character here and a byte there. Whoever may push may write the file, so everything in it is
bounded: what is too long, too much or no pattern is not used, and `notes` says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from indexer.errors import FetchRefused
from indexer.reading.globs import Glob, to_glob
from indexer.reading.vendored import vendored_folder
from indexer.skips import Skip, SkipReason

IGNORE_FILE = ".plumblineignore"
MAX_PATTERNS = 1000
MAX_PATTERN = 500  # characters
MAX_WILDCARDS = 12  # stars of one pattern
MAX_CHARACTERS = 50_000  # of all patterns of a list: compiling those takes less than a second
MAX_FOLDERS = 100_000  # remembered at once
TIME_LIMIT_S = 60.0  # for all paths together; 1,000 patterns for 100,000 paths take 6 s


@dataclass(frozen=True, slots=True)
class _Rule:
    line: int
    text: str
    glob: Glob
    regex: re.Pattern[str]


class _Origin:
    """The patterns of one place; the last one that matches decides, as in gitignore."""

    def __init__(self, name: str, rules: Sequence[_Rule]) -> None:
        self.name = name
        self._rules = tuple(reversed(rules))
        self._any_name = _one_of(rule for rule in rules if rule.glob.is_of_name)
        self._any_path = _one_of(rule for rule in rules if not rule.glob.is_of_name)
        self._folders: dict[str, _Rule | None] = {"": None}

    def excluding(self, path: str) -> _Rule | None:
        """Return the rule that keeps this file, or a folder above it, out."""
        folder = path.rpartition("/")[0]
        if (rule := self._of_folder(folder)) is not None:
            return rule
        return self._kept_out(path, is_folder=False)

    def _of_folder(self, folder: str) -> _Rule | None:
        """Nothing below an excluded folder can come back, so the highest one decides."""
        known = self._folders
        if folder in known:
            return known[folder]
        if len(known) > MAX_FOLDERS:
            known.clear()
            known[""] = None
        rule: _Rule | None = None
        for at in (*(hit.start() for hit in re.finditer("/", folder)), len(folder)):
            above = folder[:at]
            if above not in known:
                known[above] = rule or self._kept_out(above, is_folder=True)
            rule = known[above]
        return rule

    def takes_in(self, path: str) -> bool:
        """Return whether an exception (!) is about this file or a folder above it."""
        folders = (path[: hit.start()] for hit in re.finditer("/", path))
        rules = [self._last_match(folder, is_folder=True) for folder in folders]
        rules.append(self._last_match(path, is_folder=False))
        return any(rule is not None and rule.glob.is_negated for rule in rules)

    def _kept_out(self, path: str, *, is_folder: bool) -> _Rule | None:
        rule = self._last_match(path, is_folder=is_folder)
        return None if rule is None or rule.glob.is_negated else rule

    def _last_match(self, path: str, *, is_folder: bool) -> _Rule | None:
        name = path.rpartition("/")[2]
        if not (self._any_name.fullmatch(name) or self._any_path.fullmatch(path)):
            return None
        for rule in self._rules:
            if rule.glob.is_of_folders and not is_folder:
                continue
            if rule.regex.fullmatch(name if rule.glob.is_of_name else path):
                return rule
        return None


class Exclusions:
    """Patterns of administrators first, then those of the repository."""

    def __init__(self, patterns: Sequence[str], ignore_file_text: str = "") -> None:
        self._origins: list[_Origin] = []
        self._spent_s = 0.0
        keys: list[str] = []
        notes: list[str] = []
        text = ignore_file_text.removeprefix("\ufeff")
        for name, lines in (
            ("excluded by an administrator", patterns),
            (IGNORE_FILE, text.split("\n")),
        ):
            rules, unused = _read(lines)
            if unused:
                count = "1 line is" if len(unused) == 1 else f"{len(unused)} lines are"
                notes.append(
                    f"{name[0].upper()}{name[1:]}: {count} not used, the first is line {unused[0]}. A pattern has at most {MAX_PATTERN} characters and "
                    f"{MAX_WILDCARDS} stars, a list at most {MAX_PATTERNS} patterns with "
                    f"{MAX_CHARACTERS:,} characters in all."
                )
            if rules:
                self._origins.append(_Origin(name, rules))
                keys.append(f"{name}\0" + "\n".join(rule.text for rule in rules))
        self.key = "\0".join(keys)  # what these exclusions are, for comparing with others
        self.notes = tuple(notes)  # which lines are not used

    def skip_for(self, path: str) -> Skip | None:
        """Return why this path is kept out, None when it is not.

        Raises FetchRefused when the patterns have cost more time than any honest ones would.
        """
        folder = vendored_folder(path)
        if not self._origins:
            return Skip(SkipReason.VENDORED, folder) if folder else None
        started = time.perf_counter()
        found = next(self._found(path), None)
        if found is None and folder and not any(one.takes_in(path) for one in self._origins):
            found = Skip(SkipReason.VENDORED, folder)
        self._spent_s += time.perf_counter() - started
        if self._spent_s > TIME_LIMIT_S:
            raise FetchRefused(
                "exclusions_slow",
                f"The patterns that leave paths out took longer than {TIME_LIMIT_S:.0f} seconds. "
                f"Use fewer and plainer ones in {IGNORE_FILE} and in the source's settings.",
            )
        return found

    def _found(self, path: str) -> Iterator[Skip]:
        for origin in self._origins:
            if (rule := origin.excluding(path)) is not None:
                yield Skip(
                    SkipReason.EXCLUDED, f"{rule.text[:120]} ({origin.name}, line {rule.line})"
                )


def is_acceptable(pattern: str) -> bool:
    """Return whether a pattern can match something, and is short and plain enough."""
    return (
        len(pattern) <= MAX_PATTERN
        and pattern.count("*") <= MAX_WILDCARDS
        and to_glob(pattern) is not None
    )


def _read(lines: Iterable[str]) -> tuple[list[_Rule], list[int]]:
    """Return the rules, and the numbers of the lines that cannot be used."""
    rules: list[_Rule] = []
    unused: list[int] = []
    characters = 0
    for number, line in enumerate(lines, start=1):
        text = line.removesuffix("\r")
        if not text.strip(" ") or text.startswith("#"):
            continue
        has_room = len(rules) < MAX_PATTERNS and characters + len(text) <= MAX_CHARACTERS
        glob = to_glob(text) if has_room and is_acceptable(text) else None
        if glob is None:
            unused.append(number)
        else:
            characters += len(text)
            rules.append(_Rule(number, text, glob, re.compile(glob.expression, re.DOTALL)))
    return rules, unused


def _one_of(rules: Iterable[_Rule]) -> re.Pattern[str]:
    """Return one expression for all: most paths match none, and are done with in one step."""
    expressions = [f"(?:{rule.glob.expression})" for rule in rules]
    return re.compile("|".join(expressions) or "(?!)", re.DOTALL)
