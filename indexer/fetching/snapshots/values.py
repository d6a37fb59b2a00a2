"""What a folder or an archive gives to a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

Mode = Literal["100644", "120000"]  # git's modes of a plain file and of a symbolic link

REGULAR: Mode = "100644"
LINK: Mode = "120000"
LARGEST_FILE = 200 * 1024 * 1024  # bytes; larger ones are named in the notes and left out


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has not changed since the last look."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Item:
    """One path with its content, read when it is needed."""

    path: str  # with /, relative
    size: int
    open: Callable[[], BinaryIO]
    mode: Mode = REGULAR
    stamp: Stamp | None = None  # None: never reuse what was read before
