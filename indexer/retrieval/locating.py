"""Finds documents by what somebody calls their path, behind the reader's scope.

A path that may not be read is not found, exactly as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from indexer.retrieval.queries import DOCUMENTS_AT, rows_of
from indexer.retrieval.search import visibility_of
from indexer.scope import Scope

LONGEST_PATH = 1000  # letters
MOST_ASKED = 100


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    asked: str  # what it was called
    source_id: int
    source: str
    path: str
    commit: str
    blob_id: int
    line_count: int


def documents_at(
    paths: Collection[str],
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    refs: Sequence[str] = (),
    limit: int = 20,
) -> list[LocatedDocument]:
    """Return visible documents with such a path, or an end of it; of each, the shortest first."""
    asked = [path for path in map(_bare, paths) if path][:MOST_ASKED]
    if not asked:
        return []
    visibility = visibility_of(scope, source_names, refs)
    rows = rows_of(DOCUMENTS_AT, visibility, {"paths": asked, "limit": limit})
    return [LocatedDocument(*row) for row in rows]


def _bare(path: str) -> str:
    """Return a path as it could be stored; nothing for what cannot be one."""
    path = path.strip().strip("/").removeprefix("./")
    is_text = "\0" not in path and path.encode("utf-8", "replace").decode() == path
    return path if is_text and len(path) <= LONGEST_PATH else ""
