"""Files that a reader took out of a prompt, or put into it, before asking again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class File(NamedTuple):
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Wanted:
    drop: frozenset[File] = frozenset()
    add: tuple[File, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.drop or self.add)

    def to_json(self) -> dict[str, list[list[str]]]:
        """Return what is stored with a message; nothing when there is nothing to say."""
        if not self:
            return {}
        return {
            "drop": [list(one) for one in sorted(self.drop)],
            "add": [list(f) for f in self.add],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Sequence[Sequence[str]]]) -> Wanted:
        return cls(
            frozenset(File(*one) for one in stored.get("drop", ())),
            tuple(File(*one) for one in stored.get("add", ())),
        )


NOTHING_WANTED = Wanted()
