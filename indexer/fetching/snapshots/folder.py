"""Walk a folder without ever leaving it: everything is opened relative to an open folder.

No notices of the operating system (inotify): network shares do not send them. The scheduler looks
again, and only what has another size, time or inode is read.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.snapshots.opening import FOLDER, open_file, open_folder
from indexer.fetching.snapshots.values import (
    LINK,
    ChangedMeanwhile,
    Item,
    Stamp,
    left_out,
    too_large,
)
from indexer.skips import SkipReason

LEFT_OUT_FOLDERS = frozenset({".git", ".svn", ".hg", ".bzr", "CVS", "__pycache__", "lost+found"})
LEFT_OUT_ENDINGS = ("~", ".swp", ".tmp", ".part", ".crdownload")
LEFT_OUT_STARTS = ("~$", ".~lock.", ".nfs")
MAX_DEPTH = 100  # folders in folders, each of them held open
MAX_ENTRIES = 500_000
# As git does: what changed within the resolution of file times may change again unnoticed.
RACY_NS = 2_000_000_000

CLOSED = {errno.EACCES, errno.EPERM}
VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}


def walk(folder: Path, note: Callable[[str], None], *, largest: int) -> Iterator[Item]:
    """Yield the files and links below the folder; `note` hears of folders that are left out.

    What is no plain file, closed or larger than `largest` bytes is yielded as a stand-in. Raises
    FetchFailed when the folder does not answer: that is not the same as having lost its files.
    """
    try:
        with open_folder(folder) as descriptor:
            yield from _Walk(note, largest).below(descriptor, "", 1)
    except OSError as error:
        raise _unreachable(str(folder), error) from error


class _Walk:
    def __init__(self, note: Callable[[str], None], largest: int) -> None:
        self.note = note
        self.largest = largest
        self.started_ns = time.time_ns()
        self.count = 0

    def below(self, folder: int, prefix: str, depth: int) -> Iterator[Item]:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        self.count += len(entries)
        if self.count > MAX_ENTRIES:
            raise FetchRefused(
                "too_many_files",
                f"The folder has more than {MAX_ENTRIES} entries, the limit for one source. "
                "Connect the folders in it one by one.",
            )
        for entry in entries:
            path = prefix + entry.name
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone since the folder was listed
                continue
            if stat.S_ISDIR(facts.st_mode):
                yield from self._subfolder(folder, entry.name, path, depth)
            elif not is_temporary(entry.name):
                yield self._item(folder, entry.name, path, facts)

    def _subfolder(self, folder: int, name: str, path: str, depth: int) -> Iterator[Item]:
        if name in LEFT_OUT_FOLDERS:
            return
        if depth >= MAX_DEPTH:
            self.note(f"{path} is left out: more than {MAX_DEPTH} folders in one another.")
            return
        try:
            descriptor = os.open(name, os.O_RDONLY | FOLDER, dir_fd=folder)
        except OSError as error:
            if error.errno in CLOSED:
                self.note(f"The folder {path} cannot be read: {error.strerror}.")
            elif error.errno not in VANISHED:
                raise _unreachable(path, error) from error
            return
        try:
            yield from self.below(descriptor, f"{path}/", depth + 1)
        finally:
            os.close(descriptor)

    def _item(self, folder: int, name: str, path: str, facts: os.stat_result) -> Item:
        if stat.S_ISLNK(facts.st_mode):
            return Item(path, partial(_target, name, folder), LINK)
        if not stat.S_ISREG(facts.st_mode):
            return left_out(path, SkipReason.REJECTED, "a device, pipe or socket")
        if facts.st_size > self.largest:
            return too_large(path, facts.st_size, self.largest)
        stamp = Stamp.of(facts)
        read = partial(_read, name, folder, stamp)
        settled_ns = self.started_ns - RACY_NS
        is_settled = max(stamp.mtime_ns, stamp.ctime_ns) < settled_ns
        return Item(path, read, stamp=stamp if is_settled else None)


def is_temporary(name: str) -> bool:
    return name.startswith(LEFT_OUT_STARTS) or name.endswith(LEFT_OUT_ENDINGS)


def _target(name: str, folder: int) -> bytes:
    return os.fsencode(os.readlink(name, dir_fd=folder))


def _read(name: str, folder: int, stamp: Stamp) -> bytes:
    """Return the content, if the file is before and after what it was when it was listed."""
    try:
        with open_file(name, folder) as opened:
            if Stamp.of(os.fstat(opened.fileno())) != stamp:
                raise ChangedMeanwhile(name)
            content = opened.read(stamp.size + 1)
            if Stamp.of(os.fstat(opened.fileno())) != stamp or len(content) != stamp.size:
                raise ChangedMeanwhile(name)
            return content
    except OSError as error:
        if error.errno in VANISHED:
            raise ChangedMeanwhile(name) from error
        raise


def _unreachable(path: str, error: OSError) -> FetchFailed:
    return FetchFailed(
        "folder_unreadable",
        f"{path} cannot be read ({error.strerror}). If it is on a network share, look whether that "
        "is connected. What was read before stays searchable.",
    )
