"""Search mirrors, logs, uploads, caches and temporary files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.sources.traces.places import Needle, Trace, Unsearched
from indexer.errors import FetchFailed
from indexer.fetching.contents import iter_contents

BLOCK_SIZE = 1024 * 1024


def in_mirrors(folder: Path, needle: Needle) -> Iterator[Trace | Unsearched]:
    """Yield the mirrors that hold the bytes in any object, packed or not, reachable or not."""
    for mirror in sorted(folder.glob("*.git")):
        try:
            if needle.is_in_stream(iter_contents(mirror)):
                yield Trace(f"mirror {mirror.name}, an object")
        except (FetchFailed, OSError) as exc:
            yield Unsearched(f"mirror {mirror.name}", str(exc))


def in_folder(name: str, folder: Path, needle: Needle) -> Iterator[Trace | Unsearched]:
    """Yield the files below a folder that hold the bytes, as they are on the disk.

    The files of a database are left out: they are searched as tables.
    """
    unread: list[Unsearched] = []

    def note(error: OSError) -> None:
        unread.append(Unsearched(f"{name}, a folder", error.strerror or type(error).__name__))

    for root, folders, files in os.walk(folder, onerror=note):
        if "PG_VERSION" in files:
            folders.clear()
            continue
        for file in sorted(files):
            yield from _in_file(name, folder, Path(root) / file, needle)
        if any(needle.is_in(os.fsencode(part)) for part in (*folders, *files)):
            yield Trace(f"{name}, the name of a file or folder")
    yield from unread


def in_files(name: str, folder: Path, pattern: str, needle: Needle) -> Iterator[Trace | Unsearched]:
    """Yield the files of one folder whose names fit the pattern and that hold the bytes."""
    for path in sorted(folder.glob(pattern)):
        yield from _in_file(name, folder, path, needle)


def _in_file(name: str, folder: Path, path: Path, needle: Needle) -> Iterator[Trace | Unsearched]:
    shown = str(path.relative_to(folder))
    place = name if needle.is_in(os.fsencode(shown)) else f"{name}, {shown}"
    try:
        if stat.S_ISREG(path.lstat().st_mode) and needle.is_in_stream(_blocks(path)):
            yield Trace(place)
    except FileNotFoundError:  # gone while we looked
        return
    except OSError as exc:
        yield Unsearched(place, exc.strerror or type(exc).__name__)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_SIZE):
            yield block
