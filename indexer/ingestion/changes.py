"""What differs between the live commit of a ref and the new one, and what of it must be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from indexer.fetching.mirror import has_commit, iter_changes, iter_tree, read_path
from indexer.fetching.tree import TreeEntry
from indexer.models import Blob, Ref
from indexer.reading.entries import skip_for_entry
from indexer.reading.exclusions import Exclusions
from indexer.reading.version import READER_VERSION
from indexer.skips import Skip, SkipReason

WINDOW = 5000  # paths held in memory at once
IGNORE_FILE = ".plumblineignore"
MAX_IGNORE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PlannedPath:
    """What is to become of one path: indexed, skipped unread, or gone."""

    path: str
    oid: str = ""  # empty: nothing is there any more
    size_bytes: int = 0
    skip: Skip | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from a ref's live commit to a new one; `paths` walks it, as often as needed.

    It walks git's own difference of the two trees, so a commit costs what it changes; the whole
    tree where there is nothing to compare with, or where the rules of sorting have changed.
    """

    mirror: Path
    old_commit: str  # empty: the whole tree is new
    new_commit: str
    exclusions: Exclusions
    max_bytes: int
    key: str

    @property
    def is_whole(self) -> bool:
        return not self.old_commit

    def paths(self) -> Iterator[PlannedPath]:
        """Yield every path that may have to change."""
        if self.is_whole:
            for entry in iter_tree(self.mirror, self.new_commit):
                yield self._planned(entry)
            return
        for change in iter_changes(self.mirror, self.old_commit, self.new_commit):
            if change.entry is None:
                yield PlannedPath(_storable(change.path))
            else:
                yield self._planned(change.entry)

    def _planned(self, entry: TreeEntry) -> PlannedPath:
        skip = self._skip_of(entry)
        path = entry.path if skip is None else _storable(entry.path)
        return PlannedPath(path, entry.object_id, entry.size or 0, skip)

    def _skip_of(self, entry: TreeEntry) -> Skip | None:
        if not entry.is_decodable:
            return Skip(SkipReason.PATH, "not UTF-8")
        skip = skip_for_entry(entry.path, entry.mode, entry.size, max_bytes=self.max_bytes)
        return skip or self.exclusions.skip_for(entry.path)


def plan_ref(
    mirror: Path, live: Ref | None, commit: str, *, patterns: Iterable[str], max_bytes: int
) -> Plan:
    """Compare a ref with a commit; nothing but the ignore file is read for it."""
    content = read_path(mirror, commit, IGNORE_FILE, largest_blob=MAX_IGNORE_BYTES) or b""
    exclusions = Exclusions(tuple(patterns), content.decode("utf-8", "replace"))
    rules = f"{READER_VERSION}\0{max_bytes}\0{exclusions.key}"
    key = sha256(rules.encode("utf-8", "surrogatepass")).hexdigest()
    is_comparable = live is not None and live.plan_key == key and has_commit(mirror, live.commit)
    old_commit = live.commit if live is not None and is_comparable else ""
    return Plan(mirror, old_commit, commit, exclusions, max_bytes, key)


def unseen(paths: Iterable[PlannedPath]) -> Iterator[dict[str, PlannedPath]]:
    """Yield, window by window, the contents that no present reader has read, by object id."""
    walk = (planned for planned in paths if planned.oid and planned.skip is None)
    while window := list(islice(walk, WINDOW)):
        by_oid = {planned.oid: planned for planned in reversed(window)}
        known = Blob.objects.filter(oid__in=by_oid, reader_version__gte=READER_VERSION)
        for oid in known.values_list("oid", flat=True):
            del by_oid[oid]
        if by_oid:
            yield by_oid


def _storable(path: str) -> str:
    """Return a path that PostgreSQL can store, for the list of skipped files."""
    return path.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:1000]
