"""What one person may read, as a value: search takes this, never a person.

Deny by default: an empty scope reads nothing. The same rules are decided twice, here for one
document in hand and in `retrieval/visible.sql` for the whole corpus; a test compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

WILDCARD = re.compile(r"[*?]")
KEPT_EXPRESSIONS = 50_000  # Python itself keeps 512, and people may have ten thousand rules


@dataclass(frozen=True, slots=True)
class PathRule:
    """Allow or deny the paths of one source that match a pattern."""

    source_id: int
    pattern: str  # "" is everything; "docs/" or "docs" is the folder; * ? within a name, ** across
    allow: bool

    @property
    def regex(self) -> str:
        """Return the pattern as a regular expression for a whole path (Python and PostgreSQL)."""
        return glob_regex(self.pattern)

    @property
    def specificity(self) -> int:
        """Return how many characters the pattern fixes: the longest fixed match decides."""
        return len(WILDCARD.sub("", self.pattern.strip("/")))

    @property
    def is_plain(self) -> bool:
        """Return whether the pattern is a path as it stands: then a look-up decides, no match."""
        return WILDCARD.search(self.pattern) is None

    @property
    def beginning(self) -> str:
        """Return what stands in front of the first wildcard: other paths cannot match."""
        return WILDCARD.split(self.pattern.strip("/"), maxsplit=1)[0].rstrip("/")

    def matches(self, path: str) -> bool:
        return path.startswith(self.beginning) and bool(_compiled(self.regex).fullmatch(path))


@lru_cache(maxsize=KEPT_EXPRESSIONS)
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.DOTALL)


def glob_regex(pattern: str) -> str:
    """Translate a path pattern; what it matches includes everything below a matched folder."""
    stripped = pattern.strip("/")
    if not stripped:
        return ".*"
    # "**/" stands for whole folders only where a name begins: "a**/b" does not match "ab".
    parts = re.split(r"((?:^|(?<=/))\*\*/|\*\*|\*|\?)", stripped)
    wildcards = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(wildcards.get(part, _literal(part)) for part in parts)
    return f"{body}(/.*)?"


def _literal(text: str) -> str:
    """Escape for both regular expression languages: only what is not a letter, digit or _."""
    return "".join(c if c.isalnum() or c in "_/" or ord(c) > 127 else f"\\{c}" for c in text)


@dataclass(frozen=True)
class Scope:
    """The sources that may be read whole, and the rules for those that may be read in part."""

    whole_source_ids: frozenset[int] = frozenset()
    rules: tuple[PathRule, ...] = field(default=())
    # Of these sources only what lies in these folders: chosen by who asks, and never more than
    # the rules allow. A source that is not named here is not narrowed.
    folders: tuple[tuple[int, str], ...] = ()

    @classmethod
    def from_rules(cls, rules: Iterable[PathRule]) -> Scope:
        """Sort rules into sources that one plain allowance opens whole, and the rest."""
        by_source: dict[int, set[PathRule]] = {}
        for rule in rules:
            by_source.setdefault(rule.source_id, set()).add(rule)
        whole = frozenset(
            source_id
            for source_id, of_source in by_source.items()
            if of_source == {PathRule(source_id, "", True)}
        )
        partial = tuple(
            rule
            for source_id in sorted(by_source.keys() - whole)
            for rule in sorted(by_source[source_id], key=lambda r: (r.pattern, r.allow))
        )
        return cls(whole, partial)

    @cached_property
    def source_ids(self) -> frozenset[int]:
        """Return every source of which something may be readable: in which a rule allows what no
        other forbids in the same words."""
        allowed, denied = (
            {(rule.source_id, rule.pattern.strip("/")) for rule in self.rules if rule.allow is way}
            for way in (True, False)
        )
        return self.whole_source_ids | {source_id for source_id, _ in allowed - denied}

    def narrowed_to(self, source_ids: Iterable[int]) -> Scope:
        """Return the part of this scope that lies in these sources: never more than before."""
        kept = frozenset(source_ids)
        return Scope(
            self.whole_source_ids & kept,
            tuple(rule for rule in self.rules if rule.source_id in kept),
            tuple(folder for folder in self.folders if folder[0] in kept),
        )

    def within(self, folders: Iterable[tuple[int, str]]) -> Scope:
        """Return the part of this scope that lies in these folders (or is these files): of the
        sources that they name; of others, all that it held."""
        return replace(self, folders=tuple(sorted({*self.folders, *folders})))

    def covers(self, other: Scope) -> bool:
        """Return whether everything of another scope surely lies in this one.

        Rules are compared, not paths: other rules for a source count as less, unless it is whole.
        """
        return all(
            self._covers_rules(other, source_id) and self._covers_folders(other, source_id)
            for source_id in other.source_ids
        )

    def _covers_rules(self, other: Scope, source_id: int) -> bool:
        return source_id in self.whole_source_ids or (
            source_id not in other.whole_source_ids
            and self._rules_of(source_id) == other._rules_of(source_id)
        )

    def _covers_folders(self, other: Scope, source_id: int) -> bool:
        """Return whether each folder that the other is narrowed to lies in one of this one's."""
        theirs = other._folders_by_source.get(source_id, frozenset({""}))
        return all(self._is_in_folders(source_id, path) for path in theirs)

    def _rules_of(self, source_id: int) -> set[PathRule]:
        return {rule for rule in self.rules if rule.source_id == source_id}

    def allows(self, source_id: int, path: str) -> bool:
        """Return whether this path may be read."""
        if not self._is_in_folders(source_id, path):
            return False
        if source_id in self.whole_source_ids:
            return True
        rule = self.deciding_rule(source_id, path)
        return rule is not None and rule.allow

    def _is_in_folders(self, source_id: int, path: str) -> bool:
        folders = self._folders_by_source.get(source_id)
        return folders is None or not folders.isdisjoint(_folders_of(path))

    @cached_property
    def _folders_by_source(self) -> Mapping[int, frozenset[str]]:
        sources = {source_id for source_id, _ in self.folders}
        return {
            one: frozenset(path.strip("/") for source_id, path in self.folders if source_id == one)
            for one in sources
        }

    def deciding_rule(self, source_id: int, path: str) -> PathRule | None:
        """Return the rule that decides for a path: of those that match the most specific one, and
        of equally specific ones a denial; None when none matches."""
        if source_id in self.whole_source_ids:
            return PathRule(source_id, "", True)
        rules = self._rules_by_source.get(source_id, _NO_RULES)
        matching = [rules.plain[part] for part in _folders_of(path) if part in rules.plain]
        matching += [rule for rule in rules.globs if rule.matches(path)]
        return max(matching, key=lambda rule: (rule.specificity, not rule.allow), default=None)

    @cached_property
    def _rules_by_source(self) -> Mapping[int, _Rules]:
        found: dict[int, _Rules] = {}
        for rule in self.rules:
            of_source = found.setdefault(rule.source_id, _Rules({}, []))
            if rule.is_plain:
                plain = rule.pattern.strip("/")
                if plain not in of_source.plain or not rule.allow:
                    of_source.plain[plain] = rule
            else:
                of_source.globs.append(rule)
        return found

    @cached_property
    def plain_json(self) -> str:
        """Return the plain rules for visible.sql: {"7:docs/api": true}."""
        return json.dumps(
            {
                f"{source_id}:{path}": rule.allow
                for source_id, rules in self._rules_by_source.items()
                for path, rule in rules.plain.items()
            }
        )

    @cached_property
    def folders_json(self) -> str:
        """Return the folders for visible.sql: {"7": ["src/api"]}."""
        named = sorted(self._folders_by_source.items())
        return json.dumps({str(source_id): sorted(paths) for source_id, paths in named})

    @cached_property
    def globs_json(self) -> str:
        """Return the others by source: {"7": [["src/", "src/.*", 4, false]]}."""
        return json.dumps(
            {
                str(source_id): [
                    [rule.beginning, rule.regex, rule.specificity, rule.allow]
                    for rule in rules.globs
                ]
                for source_id, rules in self._rules_by_source.items()
                if rules.globs
            }
        )


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of one source: plain paths for a look-up, the rest to be matched."""

    plain: dict[str, PathRule]
    globs: list[PathRule]


_NO_RULES = _Rules({}, [])


def _folders_of(path: str) -> Iterator[str]:
    """Yield the path itself and each folder above it; the last one is the whole source."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""
