"""Visible documents by the end of their path, as stack traces and patches name them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexer.retrieval.queries import NAMED_FILES, rows_of
from indexer.retrieval.search import visibility_of
from indexer.scope import Scope

MOST_NAMES = 200
MOST_FILES = 2000  # every folder may have an index.js


@dataclass(frozen=True, slots=True)
class NamedFile:
    source_id: int
    source: str
    path: str
    blob_id: int
    commit: str


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """The documents that have any of the names that were asked for."""

    by_name: Mapping[str, Sequence[NamedFile]]

    def ending_like(self, path: str) -> list[NamedFile]:
        """Return the documents that share the longest end with a path; several when that is no choice.

        The path may begin anywhere: with the machine's folders, or with the name of the source.
        """
        parts = parts_of(path)
        best: list[NamedFile] = []
        most = 0
        for file in self.by_name.get(parts[-1], ()) if parts else ():
            shared = _shared(parts, [file.source, *file.path.split("/")])
            if shared > most:
                best, most = [], shared
            if shared == most:
                best.append(file)
        return best


def parts_of(path: str) -> list[str]:
    """Return the names that a path is made of, in the notation of any system."""
    return [part for part in re.split(r"[/\\]", path) if part and part != "."]


def named_files(
    paths: Iterable[str],
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    refs: Sequence[str] = (),
) -> NamedFiles:
    """Return the documents of the scope that have the last name of any of these paths."""
    names = dict.fromkeys(parts[-1] for path in paths if (parts := parts_of(path)))
    parameters = {
        "names": [name for name in names if "\0" not in name][:MOST_NAMES],
        "limit": MOST_FILES,
    }
    visibility = visibility_of(scope, source_names, refs)
    by_name: dict[str, list[NamedFile]] = defaultdict(list)
    for row in rows_of(NAMED_FILES, visibility, parameters) if parameters["names"] else ():
        file = NamedFile(*row)
        by_name[file.path.rpartition("/")[2]].append(file)
    return NamedFiles(dict(by_name))


def _shared(asked: Sequence[str], having: Sequence[str]) -> int:
    """Return how many names at the end are the same."""
    count = 0
    for one, other in zip(reversed(asked), reversed(having), strict=False):
        if one != other:
            break
        count += 1
    return count
