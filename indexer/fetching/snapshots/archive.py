"""Read a zip or tar archive as a stream of files; nothing is unpacked to the disk."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from indexer.errors import FetchRefused
from indexer.fetching.snapshots.values import LARGEST_FILE, Item

MAX_ENTRIES = 200_000
MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 200
SMALL = 10 * 1024 * 1024  # below this the ratio says nothing
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError)


def read_archive(file: Path, note: Callable[[str], None]) -> Iterator[Item]:
    """Yield the files of an archive; the last of several with one name wins.

    Raises FetchRefused for what is no archive, is broken, or unpacks to too much.
    """
    packed = file.stat().st_size
    try:
        items = _zip(file, note) if zipfile.is_zipfile(file) else _tar(file, note)
        count = total = 0
        for item in items:
            count, total = count + 1, total + item.size
            if count > MAX_ENTRIES:
                raise _refused("archive_entries", f"has more than {MAX_ENTRIES} entries")
            if total > MAX_UNPACKED or (total > SMALL and total > MAX_RATIO * packed):
                raise _refused("archive_ratio", f"unpacks to more than {total} bytes")
            if item.size > LARGEST_FILE:
                note(f"{item.path} is larger than {LARGEST_FILE} bytes.")
                continue
            yield item
    except BROKEN as exc:
        raise _refused("archive_broken", f"cannot be read ({type(exc).__name__})") from exc


def _zip(file: Path, note: Callable[[str], None]) -> Iterator[Item]:
    with zipfile.ZipFile(file) as archive:
        last = {entry.filename: entry for entry in archive.infolist()}
        for entry in last.values():
            if entry.is_dir():
                continue
            path = safe_path(entry.filename)
            if path is None:
                note(f"{entry.filename[:200]!r} is a path that leads out of the archive.")
            elif entry.flag_bits & 0x1:
                note(f"{path} is protected by a password.")
            elif stat.S_ISLNK(entry.external_attr >> 16):
                note(f"{path} is a link.")
            else:
                yield Item(path, entry.file_size, partial(_whole, archive, entry))


def _whole(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    try:
        return io.BytesIO(archive.read(entry))  # checks its sum, and stops at the stated size
    except (*BROKEN, RuntimeError, NotImplementedError) as exc:
        raise _refused("archive_broken", f"cannot be read ({type(exc).__name__})") from exc


def _tar(file: Path, note: Callable[[str], None]) -> Iterator[Item]:
    with tarfile.open(file, "r:*") as archive:
        for entry in archive:
            if entry.isdir():
                continue
            path = safe_path(entry.name)
            if path is None:
                note(f"{entry.name[:200]!r} is a path that leads out of the archive.")
            elif not entry.isfile():
                note(f"{path} is no file (a link or a device).")
            else:
                stream = archive.extractfile(entry)
                if stream is not None:
                    content = stream.read(LARGEST_FILE + 1) if entry.size <= LARGEST_FILE else b""
                    yield Item(path, entry.size, partial(io.BytesIO, content))


def safe_path(name: str) -> str | None:
    """Return the path inside the archive, None when it is no such thing."""
    name = name.replace("\\", "/").removeprefix("./")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
        return None
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name) or ".git" in parts:
        return None
    return "/".join(parts)


def _refused(code: str, what: str) -> FetchRefused:
    return FetchRefused(code, f"The archive {what}. Pack it again, and upload it again.")
