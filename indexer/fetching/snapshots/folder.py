"""Walk a folder without ever leaving it: everything is opened relative to an open folder.

No notices of the operating system (inotify): network shares do not send them. The scheduler looks
again, and only what has another size, time or inode is read.
"""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from indexer.fetching.snapshots.values import LARGEST_FILE, LINK, Item, Stamp

LEFT_OUT_FOLDERS = frozenset({".git", ".svn", ".hg", ".bzr", "CVS", "__pycache__", "lost+found"})
LEFT_OUT_ENDINGS = ("~", ".swp", ".tmp", ".part", ".crdownload")
LEFT_OUT_STARTS = ("~$", ".~lock.", ".nfs")
# As git does: what changed within the resolution of file times may change again unnoticed.
RACY_NS = 2_000_000_000


def walk(folder: Path, note: Callable[[str], None]) -> Iterator[Item]:
    """Yield the files and links below the folder, in order; `note` hears of what is left out."""
    started = time.time_ns()
    for root, names, files, descriptor in os.fwalk(folder, follow_symlinks=False, onerror=None):
        names[:] = sorted(name for name in names if name not in LEFT_OUT_FOLDERS)
        relative = Path(root).relative_to(folder)
        links = [name for name in names if _is_link(name, descriptor)]
        for name in sorted([*files, *links]):
            path = (relative / name).as_posix()
            if name.startswith(LEFT_OUT_STARTS) or name.endswith(LEFT_OUT_ENDINGS):
                continue
            try:
                item = _item(path, name, descriptor, started)
            except OSError as exc:
                note(f"{path} cannot be read: {exc.strerror}.")
                continue
            if item is None:
                note(f"{path} is no file (a device, pipe or socket).")
            elif item.size > LARGEST_FILE:
                note(f"{path} is larger than {LARGEST_FILE} bytes.")
            else:
                yield item


def _is_link(name: str, descriptor: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _item(path: str, name: str, descriptor: int, started: int) -> Item | None:
    found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        target = os.fsencode(os.readlink(name, dir_fd=descriptor))
        return Item(path, len(target), partial(io.BytesIO, target), LINK)
    if not stat.S_ISREG(found.st_mode):
        return None
    is_settled = found.st_mtime_ns < started - RACY_NS
    stamp = Stamp(found.st_size, found.st_mtime_ns, found.st_ino) if is_settled else None
    return Item(path, found.st_size, partial(_open, name, descriptor), stamp=stamp)


def _open(name: str, descriptor: int) -> BinaryIO:
    """Open a plain file; a link or a pipe that took its place meanwhile raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    opened = os.open(name, flags, dir_fd=descriptor)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(f"{name} is no file any more")
    return os.fdopen(opened, "rb")
