"""Which grant allowed somebody what they are shown: the record says so of every piece of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from appliance.accounts.models import User
from appliance.audit.recording import Lines
from appliance.sources.access import grants_of
from indexer.scope import PathRule

OPERATOR = "whoever runs commands can read the database"


@dataclass(frozen=True, slots=True)
class Grounds:
    """The grants of one person, the most specific first: that is the one which decides."""

    by_source: Mapping[str, Sequence[tuple[PathRule, str]]] = field(default_factory=dict)
    otherwise: str = ""

    @classmethod
    def of(cls, user: User) -> Grounds:
        by_source: dict[str, list[tuple[PathRule, str]]] = {}
        for grant in grants_of(user).select_related("source", "group", "user"):
            rule = PathRule(grant.source_id, grant.path_pattern, grant.allow)
            told = f"grant {grant.pk}: {grant}"
            by_source.setdefault(grant.source.name, []).append((rule, told))
        for rules in by_source.values():
            rules.sort(key=lambda one: (-one[0].specificity, one[0].allow))
        return cls(by_source)

    def ground(self, source: str, path: str) -> str:
        """Return the grant that lets this path be read, in words; empty when none does."""
        for rule, told in self.by_source.get(source, ()):
            if rule.matches(path):
                return told if rule.allow else ""
        return self.otherwise

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
