"""What a folder of one ref holds for one reader: names and counts from what the scope shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from indexer.models import Ref
from indexer.retrieval.queries import FOLDERS, Visibility, rows_of
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder: a folder with the number of files below it, or a file."""

    folder: str  # in which it stands, with its slash; empty: the root
    name: str
    is_folder: bool
    files: int

    @property
    def path(self) -> str:
        """Return its whole path; that of a folder ends with a slash."""
        return f"{self.folder}{self.name}{'/' if self.is_folder else ''}"


def entries_of(ref: Ref, folders: Collection[str], scope: Scope) -> dict[str, list[Entry]]:
    """Return what each of these folders of a ref holds, folders first; all in one look."""
    visibility = Visibility(scope.narrowed_to([ref.source_id]), (ref.name,))
    within = next(iter(folders)) if len(folders) == 1 else ""
    parameters = {"looked_into": list(folders), "within": within}
    rows = rows_of(FOLDERS, visibility, parameters)
    found: dict[str, list[Entry]] = {folder: [] for folder in folders}
    for row in rows:
        entry = Entry(*row)
        found[entry.folder].append(entry)
    for entries in found.values():
        entries.sort(key=lambda one: (not one.is_folder, one.name.casefold(), one.name))
    return found
