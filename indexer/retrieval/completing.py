"""What the beginning of a path or name may become, behind the same wall as search.

For pickers: only names, never lines. What may not be read is not offered, so that neither the names
of its files and folders nor what they define can be told from here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.retrieval.queries import FILES_LIKE, FOLDERS_LIKE, NAMES_LIKE, Visibility, rows_of
from indexer.retrieval.search import visibility_of
from indexer.scope import Scope
from indexer.spans import Span

LONGEST = 200  # characters that are looked for


@dataclass(frozen=True, slots=True)
class FileName:
    source: str
    path: str
    commit: str


@dataclass(frozen=True, slots=True)
class FolderName:
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class DefinedName:
    source: str
    path: str
    commit: str
    qualified: str
    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class Completer:
    """Completes in what a scope may read, narrowed to sources and refs; few at a time."""

    visibility: Visibility
    limit: int = 8

    @classmethod
    def over(
        cls,
        scope: Scope,
        *,
        source_names: Collection[str] = (),
        refs: Sequence[str] = (),
        limit: int = 8,
    ) -> Completer:
        return cls(visibility_of(scope, source_names, refs), limit)

    def files(self, text: str) -> list[FileName]:
        """Return files whose path holds these letters, words in this order."""
        return [FileName(*row) for row in self._rows(FILES_LIKE, text)]

    def folders(self, text: str) -> list[FolderName]:
        """Return folders whose path holds these letters; for no letters, the topmost."""
        return [FolderName(*row) for row in self._rows(FOLDERS_LIKE, text)]

    def names(self, text: str) -> list[DefinedName]:
        """Return what is defined under names that begin so, whatever the case."""
        if not text.strip():
            return []
        return [
            DefinedName(source, path, commit, qualified, kind, Span(first, last))
            for source, path, commit, qualified, kind, first, last in self._rows(
                NAMES_LIKE, text.lower()
            )
        ]

    def _rows(self, statement: str, text: str) -> list[tuple[Any, ...]]:
        words = [_literal(word) for word in _plain(text).split()]
        parameters = {
            "pattern": f"%{'%'.join(words)}%",
            "beginning": f"{'%'.join(words)}%",
            "limit": self.limit,
        }
        return rows_of(statement, self.visibility, parameters)


def _plain(text: str) -> str:
    """Return what PostgreSQL takes of a text, cut."""
    return text[:LONGEST].encode("utf-8", "ignore").decode().replace("\0", "")


def _literal(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)
