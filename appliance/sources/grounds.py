"""Which grant allowed somebody what they are shown: the record says so of every piece of lines.

What this costs follows from what is shown, not from how much somebody may read: the rules of a
source are read when its first lines are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from appliance.accounts.models import User
from appliance.audit.recording import Lines
from appliance.sources.access import grants_of
from indexer.scope import PathRule, Scope

OPERATOR = "whoever runs commands can read the database"
NAMED = ("pk", "source_id", "path_pattern", "allow", "group__name", "user__username")


@dataclass(frozen=True, slots=True)
class RulesOfSource:
    """The rules of one person in one source: the most specific decides."""

    source_id: int
    scope: Scope
    told: Mapping[tuple[str, bool], str]  # in words, by pattern and verdict

    @classmethod
    def of(cls, user: User, source: str) -> RulesOfSource:
        rules: list[PathRule] = []
        told: dict[tuple[str, bool], str] = {}
        for pk, source_id, pattern, allow, group, person in (
            grants_of(user).filter(source__name=source).order_by("pk").values_list(*NAMED)
        ):
            rules.append(PathRule(source_id, pattern, allow))
            verb = "may read" if allow else "may not read"
            words = f"grant {pk}: {group or person} {verb} {source}:{pattern or '*'}"
            told.setdefault((pattern.strip("/"), allow), words)
        return cls(rules[0].source_id if rules else 0, Scope.from_rules(rules), told)

    def ground(self, path: str) -> str | None:
        """Return the rule that lets a path be read; empty when it denies it, None for none."""
        rule = self.scope.deciding_rule(self.source_id, path)
        if rule is None:
            return None
        return self.told[rule.pattern.strip("/"), rule.allow] if rule.allow else ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The grants of one person, as far as they are about what is shown."""

    user: User | None = None
    otherwise: str = ""
    _by_source: dict[str, RulesOfSource] = field(default_factory=dict)

    @classmethod
    def of(cls, user: User) -> Grounds:
        return cls(user)

    def ground(self, source: str, path: str) -> str:
        """Return the grant that lets this path be read, in words; empty when none does."""
        if self.user is None:
            return self.otherwise
        if source not in self._by_source:
            self._by_source[source] = RulesOfSource.of(self.user, source)
        found = self._by_source[source].ground(path)
        return self.otherwise if found is None else found

    def lines(self, source: str, path: str, first: int, last: int, commit: str) -> Lines:
        return Lines(source, path, first, last, commit, self.ground(source, path))

    def of_numbers(
        self, source: str, path: str, commit: str, numbers: Iterable[int]
    ) -> list[Lines]:
        """Return single lines as stretches of lines."""
        return [self.lines(source, path, first, last, commit) for first, last in stretches(numbers)]


def operator_grounds() -> Grounds:
    return Grounds(otherwise=OPERATOR)


def stretches(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of numbers: 3 4 5 9 is 3 to 5, 9 to 9."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
