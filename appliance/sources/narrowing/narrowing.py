"""What a person narrows a search to: sources, languages, kinds and a folder; never a widening.

Both search pages, saved searches and exports read it from the same words, so that an address, a
saved search and an export of one search mean the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import re2
from django.http import QueryDict

from indexer.codesearch.query import CodeQuery, Filter
from indexer.reading.kinds import KINDS

MOST_OF_ONE = 20  # values of one group
LONGEST_VALUE = 500
GROUPS = ("source", "lang", "kind", "folder")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a search found, with what it can be narrowed by."""

    source: str
    path: str
    language: str
    kind: str

    def value_of(self, group: str) -> str:
        return {"source": self.source, "lang": self.language, "kind": self.kind}[group]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Nothing in a group means all of it; of several values of a group any will do."""

    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    folder: str = ""  # without a slash at its ends
    set_name: str = ""  # a named set, in which all of this lies

    @classmethod
    def read(cls, query: QueryDict, names: Collection[str]) -> Narrowing:
        """Read an address; sources that the person may not read are as if they were not named."""
        return cls(
            tuple(name for name in _values(query, "source") if name in names),
            tuple(_values(query, "lang")),
            tuple(kind for kind in _values(query, "kind") if kind in KINDS),
            next(iter(_values(query, "folder")), "").strip("/"),
            next(iter(_values(query, "set")), "").strip(),
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Narrowing:
        return cls(
            tuple(kept.get("source", ())),
            tuple(kept.get("lang", ())),
            tuple(kept.get("kind", ())),
            str(kept.get("folder", "")),
            str(kept.get("set", "")),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "source": list(self.sources),
            "lang": list(self.languages),
            "kind": list(self.kinds),
            "folder": self.folder,
            # Only where there is one: what was kept before there were sets stays the same.
            **({"set": self.set_name} if self.set_name else {}),
        }

    def values_of(self, group: str) -> tuple[str, ...]:
        if group in {"folder", "set"}:
            only = self.folder if group == "folder" else self.set_name
            return (only,) if only else ()
        return {"source": self.sources, "lang": self.languages, "kind": self.kinds}[group]

    def pairs(self) -> list[tuple[str, str]]:
        """Return what stands for it in an address."""
        return [(group, value) for group in ("set", *GROUPS) for value in self.values_of(group)]

    def allows(self, file: FoundFile, *, but: str = "") -> bool:
        """Return whether a file is among what is wanted; a group may be left out of account."""
        for group in ("source", "lang", "kind"):
            values = self.values_of(group)
            if group != but and values and file.value_of(group) not in values:
                return False
        return but == "folder" or not self.folder or file.path.startswith(f"{self.folder}/")

    def toggled(self, group: str, value: str) -> Narrowing:
        """Return it with one value more, or without it."""
        if group == "folder":
            return replace(self, folder="" if self.folder == value else value)
        values = self.values_of(group)
        kept = tuple(one for one in values if one != value) if value in values else (*values, value)
        match group:
            case "source":
                return replace(self, sources=kept)
            case "lang":
                return replace(self, languages=kept)
        return replace(self, kinds=kept)


def narrowed(query: CodeQuery, by: Narrowing) -> CodeQuery:
    """Return a code search with the same narrowing in its own language: its certificate tells it."""
    filters = list(query.filters)
    if by.sources:
        filters.append(Filter("repo", f"^(?:{'|'.join(map(_quoted, by.sources))})$"))
    filters += [Filter("lang", language) for language in by.languages]
    filters += [Filter("kind", kind) for kind in by.kinds]
    if by.folder:
        filters.append(Filter("path", f"^{_quoted(by.folder)}/"))
    return replace(query, filters=tuple(filters))


def _quoted(text: str) -> str:
    return str(re2.escape(text))


def _values(query: QueryDict, name: str) -> Sequence[str]:
    given = query.getlist(name)[:MOST_OF_ONE]
    return list(dict.fromkeys(one for one in given if one and _is_plain(one)))


def _is_plain(value: str) -> bool:
    return len(value) <= LONGEST_VALUE and value.isprintable()
