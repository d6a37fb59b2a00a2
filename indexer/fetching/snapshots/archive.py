"""Read a zip or tar archive as a stream of files; nothing is unpacked to the disk."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from indexer.fetching.snapshots.budget import BROKEN, Budget, content_of, refused
from indexer.fetching.snapshots.opening import open_file, open_folder
from indexer.fetching.snapshots.tar import read_tar
from indexer.fetching.snapshots.values import LINK, ChangedMeanwhile, Item, left_out, too_large
from indexer.skips import SkipReason

MAX_PATH_BYTES = 4096
LONGEST_TARGET = 4096  # bytes of a link
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
IS_ENCRYPTED = 0x1


def read_archive(file: Path, note: Callable[[str], None], *, largest: int) -> Iterator[Item]:
    """Yield the files of an archive in its order; of several with one name the last one counts.

    What is larger than `largest` bytes, encrypted or no plain file is yielded as a stand-in; what
    has no safe path is left out, and `note` hears of it. Raises FetchRefused for what is no
    archive, is broken, or unpacks to too much.
    """
    try:
        with open_folder(file.parent) as folder, open_file(file.name, folder) as opened:
            budget = Budget(file.stat().st_size)
            if _is_zip(file.name, opened):
                yield from _read_zip(opened, budget, note, largest)
            else:
                for path, item in read_tar(opened, budget, largest=largest):
                    if (checked := _checked(path, note)) is not None:
                        yield item(checked)
    except MemoryError as error:
        raise refused("archive_memory", "needs more memory than it may use to be read") from error
    except (*BROKEN, ChangedMeanwhile) as error:
        raise refused("archive_broken", f"cannot be read ({type(error).__name__})") from error


def _is_zip(name: str, opened: BinaryIO) -> bool:
    """Judge by the first bytes: a tar whose last file is a zip ends like one."""
    head = opened.read(4)
    opened.seek(0)
    if head.startswith(b"PK"):
        return True
    return name.lower().endswith(".zip") and zipfile.is_zipfile(opened)


def _read_zip(
    opened: BinaryIO, budget: Budget, note: Callable[[str], None], largest: int
) -> Iterator[Item]:
    with zipfile.ZipFile(opened) as archive:
        for entry in archive.infolist():
            budget.take(entry.file_size)
            if entry.is_dir():
                continue
            path = _checked(entry.filename, note)
            if path is not None:
                yield _zip_item(archive, entry, path, largest)


def _zip_item(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, largest: int) -> Item:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & IS_ENCRYPTED:
        return left_out(path, SkipReason.ENCRYPTED, "in the archive")
    if kind == stat.S_IFLNK and entry.file_size <= LONGEST_TARGET:
        return Item(path, partial(_content, archive, entry), LINK)
    if kind not in {0, stat.S_IFREG}:
        return left_out(path, SkipReason.REJECTED, "a link, device or pipe in the archive")
    if entry.file_size > largest:
        return too_large(path, entry.file_size, largest)
    if entry.compress_type not in METHODS:
        detail = f"packed by a method that cannot be unpacked ({entry.compress_type})"
        return left_out(path, SkipReason.BROKEN, detail)
    return Item(path, partial(_content, archive, entry))


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return one file's content; its sum is checked, and it stops at the stated size."""
    return content_of(entry.filename, entry.file_size, partial(archive.read, entry))


def _checked(name: str, note: Callable[[str], None]) -> str | None:
    path = safe_path(name)
    if path is None:
        note(f"{name[:200]!r} is left out: no safe path in an archive.")
    return path


def safe_path(name: str) -> str | None:
    """Return the path inside the archive, None when it is no such thing."""
    name = name.replace("\\", "/").removeprefix("./")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
        return None
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name) or ".git" in parts:
        return None
    if len(name.encode("utf-8", "surrogateescape")) > MAX_PATH_BYTES:
        return None
    return "/".join(parts)
