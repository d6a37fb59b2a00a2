"""The statements of search, each behind the same wall: only visible documents are looked at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from indexer.scope import Scope

_FOLDER = Path(__file__).parent
_VISIBLE = (_FOLDER / "visible.sql").read_text(encoding="utf-8")


def _statement(name: str) -> str:
    """Return a statement of this folder behind the visibility of visible.sql."""
    return _VISIBLE + (_FOLDER / name).read_text(encoding="utf-8")


VECTOR = _statement("vector.sql")
DOCUMENTS = _statement("documents.sql")
DOCUMENTS_AT = _statement("documents_at.sql")
DEFINITIONS = _statement("definitions.sql")
USES = _statement("uses.sql")
HISTORY = _statement("history.sql")
READABLE = _statement("readable.sql")
CODE_FILES = _statement("code_files.sql")
KNOWN_NAMES = _statement("known_names.sql")
KNOWN_PATHS = _statement("known_paths.sql")
OCCURS = _statement("occurs.sql")
NAMED_FILES = _statement("named_files.sql")
FILES_LIKE = _statement("files_like.sql")
FOLDERS_LIKE = _statement("folders_like.sql")
NAMES_LIKE = _statement("names_like.sql")
README = _statement("readme.sql")
POPULAR_NAMES = _statement("popular_names.sql")
FILES_BESIDE = _statement("files_beside.sql")
FOLDERS = _statement("folders.sql")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk with its score from one retriever, and what the words say of its whole file."""

    chunk_id: int
    blob_id: int
    score: float
    file_coverage: float = 0.0  # share of the question's rarity that stands anywhere in the file
    file_score: float = 0.0  # BM25 with the file as one text


@dataclass(frozen=True, slots=True)
class PathCandidate:
    document_id: int
    score: float


@dataclass(frozen=True, slots=True)
class VisibleDocument:
    """A document as the scope sees it: the same blob may stand behind several."""

    document_id: int
    source_id: int
    source: str
    path: str
    role: str
    blob_id: int
    commit: str
    line_count: int = 0
    touches: int = 0  # commits that changed it
    untouched_s: float | None = None  # from its last change to the ref's commit


@dataclass(frozen=True, slots=True)
class HistoryCandidate:
    """A document with the votes of past commits: the strongest, and all of them together."""

    document_id: int
    best: float
    total: float


@dataclass(frozen=True, slots=True)
class SymbolCandidate:
    blob_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Visibility:
    """What is looked at: what may be read, in which refs (none: each source's default)."""

    scope: Scope
    ref_names: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        return {
            "source_ids": sorted(self.scope.source_ids),
            "whole_source_ids": sorted(self.scope.whole_source_ids),
            "ref_names": list(self.ref_names),
            "plain_rules": self.scope.plain_json,
            "glob_rules": self.scope.globs_json,
            "folders": self.scope.folders_json,
        }


def documents_of(
    visibility: Visibility, *, blob_ids: Collection[int], document_ids: Collection[int] = ()
) -> list[VisibleDocument]:
    """Return the visible documents behind blobs, and those of the given ids that are visible."""
    parameters = {"blob_ids": list(blob_ids), "document_ids": list(document_ids)}
    return [VisibleDocument(*row) for row in _rows(DOCUMENTS, visibility, parameters)]


def rows_of(
    statement: str, visibility: Visibility, parameters: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return what a statement finds; nothing for a scope that reads nothing."""
    return _rows(statement, visibility, parameters) if visibility.scope.source_ids else []


def _rows(
    statement: str, visibility: Visibility, parameters: dict[str, Any]
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, visibility.parameters() | parameters)
        return list(cursor.fetchall())
