"""Writes the files of a commit into a folder, as plain files: no checkout, no filters, no links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from indexer.fetching.mirror import TreeEntry, iter_tree, read_blobs

LARGEST_FILE = 5 * 1024**2


class TooLarge(Exception):
    """The files take more room than they may."""


def export_tree(
    mirror: Path,
    commit: str,
    folder: Path,
    *,
    is_wanted: Callable[[str], bool],
    most_bytes: int,
    shown: Callable[[str, bytes], bytes] = lambda path, content: content,
) -> int:
    """Write the wanted files below a folder, each as it is shown, and return how many; raises
    TooLarge.

    Symbolic links, submodules, files above 5 MB and paths that lead elsewhere are left out.
    """
    entries = [entry for entry in _files(mirror, commit) if is_wanted(entry.path)]
    if sum(entry.size or 0 for entry in entries) > most_bytes:
        raise TooLarge
    contents = read_blobs(mirror, (entry.object_id for entry in entries), largest_blob=LARGEST_FILE)
    by_id: dict[str, list[TreeEntry]] = {}
    for entry in entries:
        by_id.setdefault(entry.object_id, []).append(entry)
    written = 0
    for object_id, content in contents:
        for entry in by_id.pop(object_id, ()):
            write_file(folder, entry.path, shown(entry.path, content), mode=entry.mode & 0o755)
            written += 1
    return written


def write_file(folder: Path, path: str, content: bytes, *, mode: int = 0o644) -> None:
    """Write one file below a folder that only we write to."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(mode | 0o600)


def _files(mirror: Path, commit: str) -> Iterator[TreeEntry]:
    for entry in iter_tree(mirror, commit):
        parts = PurePosixPath(entry.path).parts
        is_inside = not entry.path.startswith("/") and ".." not in parts and ".git" not in parts
        if entry.is_file and entry.is_decodable and is_inside:
            yield entry
