"""Folders of sources as people write them, `source:path`, and the part of a scope that they are."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.sources.access import sources_in
from indexer.scope import Scope

MOST_FOLDERS = 20  # that one question, or one set, is narrowed to


def source_of(folder: str) -> str:
    return folder.partition(":")[0]


def path_of(folder: str) -> str:
    return folder.partition(":")[2].strip("/")


def within_folders(scope: Scope, folders: Iterable[str]) -> Scope:
    """Return the part of a scope that lies in the chosen folders; of a source that is gone, or not
    to be read any more, nothing is opened by naming it."""
    folders = list(folders)
    if not folders:
        return scope
    ids = dict(
        sources_in(scope)
        .filter(name__in={source_of(one) for one in folders})
        .values_list("name", "pk")
    )
    chosen = [(ids[source_of(one)], path_of(one)) for one in folders if source_of(one) in ids]
    return scope.within(chosen)
