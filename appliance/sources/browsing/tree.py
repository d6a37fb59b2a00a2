"""The tree beside a file: the folders that lead to it are open, the others wait to be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.models import Ref
from indexer.retrieval.folders import Entry, entries_of
from indexer.scope import Scope

MOST = 500  # names of one folder; the page of the folder has them all
DEEPEST = 30  # folders that are opened at once


@dataclass(frozen=True, slots=True)
class Node:
    """One name of the tree; of a closed folder the children are not known."""

    entry: Entry
    is_current: bool = False
    branch: Branch | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """What stands in an open folder."""

    folder: str
    nodes: tuple[Node, ...]
    more: int  # names that are left out


def tree_to(ref: Ref, path: str, scope: Scope) -> Branch:
    """Return the tree of a ref with all folders open that lead to a path."""
    folders = folders_above(path)
    found = entries_of(ref, folders, scope)
    return _branch("", found, path, frozenset(folders))


def branch_of(ref: Ref, folder: str, scope: Scope) -> Branch:
    """Return what stands in one folder, all folders in it closed."""
    return _branch(folder, entries_of(ref, [folder], scope), "", frozenset({folder}))


def folders_above(path: str) -> list[str]:
    """Return the root and each folder on the way to a path; a path that ends with a slash is one."""
    parts = path.split("/")[:-1][:DEEPEST]
    return ["", *("/".join(parts[: count + 1]) + "/" for count in range(len(parts)))]


def _branch(
    folder: str, found: dict[str, list[Entry]], path: str, opened: frozenset[str]
) -> Branch:
    entries = found[folder]
    shown = entries[:MOST]
    # What one looks at is never among what is left out.
    shown += [entry for entry in entries[MOST:] if path.startswith(entry.path)]
    nodes = tuple(
        Node(
            entry,
            entry.path == path,
            _branch(entry.path, found, path, opened)
            if entry.is_folder and entry.path in opened
            else None,
        )
        for entry in shown
    )
    return Branch(folder, nodes, len(entries) - len(shown))
