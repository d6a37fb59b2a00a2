"""What a folder or an archive gives to a snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from indexer.skips import Skip, SkipReason, stand_in

Mode = Literal["100644", "120000"]  # git's modes of a plain file and of a symbolic link

REGULAR: Mode = "100644"
LINK: Mode = "120000"


class ChangedMeanwhile(Exception):
    """The file is being written, or another one took its place: look again later."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has not changed since the last look."""

    size: int
    mtime_ns: int
    ctime_ns: int  # who rewrites a file can set its other time back, not this one
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class Item:
    """One path with its content, read when it is needed."""

    path: str  # with /, relative
    read: Callable[[], bytes]  # raises OSError or ChangedMeanwhile
    mode: Mode = REGULAR
    stamp: Stamp | None = None  # None: never reuse what was read before


def left_out(path: str, reason: SkipReason, detail: str) -> Item:
    """Return a stand-in for a file that is not taken, so that it is listed with the reason."""
    return Item(path, partial(stand_in, Skip(reason, detail)))


def too_large(path: str, size: int, limit: int) -> Item:
    return left_out(path, SkipReason.TOO_LARGE, f"{size} bytes, limit {limit}")
