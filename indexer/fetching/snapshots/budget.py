"""What an archive may unpack to, and how one that does not is refused."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from indexer.errors import FetchRefused

MAX_ENTRIES = 200_000
MAX_UNPACKED = 2 * 1024**3  # bytes
MAX_RATIO = 200
SMALL = 10 * 1024 * 1024  # below this the ratio says nothing

BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


class Budget:
    """Counts what one archive unpacks to."""

    def __init__(self, packed: int) -> None:
        self.packed = packed
        self.entries = 0
        self.unpacked = 0

    def take(self, size: int) -> None:
        """Count an entry, folders and links too; raises FetchRefused beyond a limit."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise refused("archive_entries", f"has more than {MAX_ENTRIES:,} entries")
        self.unpack(size)

    def unpack(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > MAX_UNPACKED:
            raise refused("archive_size", f"unpacks to more than {MAX_UNPACKED // 1024**3} GB")
        if self.unpacked > max(SMALL, MAX_RATIO * self.packed):
            raise refused("archive_ratio", f"unpacks to more than {MAX_RATIO} times its size")


def content_of(name: str, size: int, read: Callable[[], bytes]) -> bytes:
    """Return the content of one file of an archive; one that is damaged refuses the archive."""
    try:
        content = read()
    except MemoryError as error:
        raise refused("archive_memory", f"needs too much memory for {name[:200]!r}") from error
    except BROKEN as error:
        raise _damaged(name, type(error).__name__) from error
    if len(content) != size:
        raise _damaged(name, "another size than stated")
    return content


def _damaged(name: str, how: str) -> FetchRefused:
    return refused("archive_broken", f"holds the damaged file {name[:200]!r} ({how})")


def refused(code: str, what: str) -> FetchRefused:
    advice = "Pack it again" if code == "archive_broken" else "Pack less into one archive"
    return FetchRefused(
        code,
        f"The archive {what}. {advice} and upload it again; what was there before stays searchable.",
    )
