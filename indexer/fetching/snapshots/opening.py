"""Open files and folders of this machine without following a link on the way.

What is opened was checked by its path a moment ago, and whoever may write beside it may have put
a link in its place since.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from indexer.fetching.snapshots.values import ChangedMeanwhile

FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe does not block


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """Open a resolved path step by step from the root; raises OSError at a link."""
    descriptor = os.open("/", os.O_PATH | FOLDER)
    try:
        for number, part in enumerate(parts := path.parts[1:], start=1):
            # Folders above need not be readable, only passable.
            flags = os.O_RDONLY if number == len(parts) else os.O_PATH
            inner = os.open(part, flags | FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(name: str, folder: int) -> BinaryIO:
    """Open a plain file of an open folder; raises OSError, or ChangedMeanwhile for anything else."""
    descriptor = os.open(name, FILE, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ChangedMeanwhile(name)
    return os.fdopen(descriptor, "rb")
