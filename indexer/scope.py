"""What one person may read, as a value: search takes this, never a person.

Deny by default: an empty scope reads nothing. The same rules are decided twice, here for one
document in hand and in `retrieval/visible.sql` for the whole corpus; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property


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
        return len(re.sub(r"[*?]", "", self.pattern.strip("/")))


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
        """Return every source of which something may be readable."""
        return self.whole_source_ids | {rule.source_id for rule in self.rules if rule.allow}

    def narrowed_to(self, source_ids: Iterable[int]) -> Scope:
        """Return the part of this scope that lies in these sources: never more than before."""
        kept = frozenset(source_ids)
        return Scope(
            self.whole_source_ids & kept,
            tuple(rule for rule in self.rules if rule.source_id in kept),
        )

    def covers(self, other: Scope) -> bool:
        """Return whether everything of another scope surely lies in this one.

        Rules are compared, not paths: other rules for a source count as less, unless it is whole.
        """
        return all(
            source_id in self.whole_source_ids
            or (
                source_id not in other.whole_source_ids
                and self._rules_of(source_id) == other._rules_of(source_id)
            )
            for source_id in other.source_ids
        )

    def _rules_of(self, source_id: int) -> set[PathRule]:
        return {rule for rule in self.rules if rule.source_id == source_id}

    def allows(self, source_id: int, path: str) -> bool:
        """Return whether this path may be read."""
        if source_id in self.whole_source_ids:
            return True
        matching = [
            rule
            for rule in self.rules
            if rule.source_id == source_id and re.fullmatch(rule.regex, path, re.DOTALL)
        ]
        if not matching:
            return False
        # The most specific decides; of equally specific ones the denial.
        return max(matching, key=lambda rule: (rule.specificity, not rule.allow)).allow
