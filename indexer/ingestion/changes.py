"""What differs between a tree and the corpus: what must be read, what is skipped unread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indexer.fetching.tree import TreeEntry
from indexer.models import Blob
from indexer.reading.entries import skip_for_entry
from indexer.skips import Skip, SkipReason

LOOKUP = 5000  # object ids asked for in one query


@dataclass(frozen=True, slots=True)
class SkippedPath:
    path: str
    skip: Skip
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TreePlan:
    """A tree, sorted into what can be indexed and what is skipped by name, mode or size."""

    entries: tuple[TreeEntry, ...]
    skipped: tuple[SkippedPath, ...]


def plan_tree(entries: Iterable[TreeEntry], *, max_bytes: int) -> TreePlan:
    """Sort a tree's entries; nothing is read for it."""
    kept: list[TreeEntry] = []
    skipped: list[SkippedPath] = []
    for entry in entries:
        skip = _skip_of(entry, max_bytes)
        if skip is None:
            kept.append(entry)
        else:
            skipped.append(SkippedPath(_storable(entry.path), skip, entry.size or 0))
    return TreePlan(tuple(kept), tuple(skipped))


def _skip_of(entry: TreeEntry, max_bytes: int) -> Skip | None:
    if not entry.is_decodable:
        return Skip(SkipReason.PATH, "not UTF-8")
    return skip_for_entry(entry.path, entry.mode, entry.size, max_bytes=max_bytes)


def unseen(entries: Iterable[TreeEntry]) -> dict[str, TreeEntry]:
    """Return the blobs that the corpus does not have yet, by object id, each with one path."""
    by_oid = {entry.object_id: entry for entry in reversed(list(entries))}
    oids = list(by_oid)
    for start in range(0, len(oids), LOOKUP):
        known = Blob.objects.filter(oid__in=oids[start : start + LOOKUP])
        for oid in known.values_list("oid", flat=True):
            del by_oid[oid]
    return by_oid


def _storable(path: str) -> str:
    """Return a path that PostgreSQL can store, for the list of skipped files."""
    return path.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:1000]
