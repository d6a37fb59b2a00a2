"""Read a tar archive, packed or not, from its first byte to its last, without ever seeking."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, BinaryIO, cast

from indexer.fetching.snapshots.budget import Budget, content_of, refused
from indexer.fetching.snapshots.values import LINK, Item, left_out, too_large
from indexer.skips import SkipReason

MAX_HEADER = 1024 * 1024  # bytes of a long name or of extended attributes
BLOCK = 1024 * 1024
EXTENSIONS = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}
Named = tuple[str, Callable[[str], Item]]  # the name as it stands, and the item for a safe path


class _Counted:
    """A stream that counts what comes out of it, names and padding included."""

    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        self.stream = stream
        self.budget = budget

    def read(self, size: int) -> bytes:
        block = self.stream.read(size)
        self.budget.unpack(len(block))
        return block


def read_tar(opened: BinaryIO, budget: Budget, *, largest: int) -> Iterator[Named]:
    """Yield the entries in order; each must be read before the next one is asked for.

    Raises FetchRefused for what ends too early: the rest of it would else count as deleted.
    """
    counted = _Counted(_unpacked(opened), budget)
    ends: list[bool] = []

    class Header(tarfile.TarInfo):
        """A header that says when the archive is over, and is never long."""

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Header:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                ends.append(True)
            found = super().frombuf(buf, encoding, errors)
            if found.type in EXTENSIONS and found.size > MAX_HEADER:
                raise refused("archive_broken", "has names of more than a megabyte")
            return found

    with tarfile.open(
        fileobj=cast(IO[bytes], counted),  # in this mode only `read` is called
        mode="r|",
        tarinfo=Header,
    ) as archive:
        for entry in archive:
            budget.take(0)
            if not entry.isdir():
                yield entry.name, _maker(archive, entry, largest)
    if not ends:
        raise refused("archive_broken", "ends too early or is damaged")
    while counted.read(BLOCK):  # to the end, where the packer wrote its sum
        pass


def _unpacked(opened: BinaryIO) -> IO[bytes]:
    head = opened.read(8)
    opened.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=opened))
    if head.startswith(b"BZh"):
        return bz2.BZ2File(opened)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(opened)
    return opened


def _maker(archive: tarfile.TarFile, entry: tarfile.TarInfo, largest: int) -> Callable[[str], Item]:
    if entry.issym():
        target = entry.linkname.encode("utf-8", "surrogateescape")
        return lambda path: Item(path, lambda: target, LINK)
    if entry.islnk():
        return lambda path: left_out(path, SkipReason.SYMLINK, f"a hard link to {entry.linkname}")
    if not entry.isfile():
        return lambda path: left_out(path, SkipReason.REJECTED, "a device or pipe in the archive")
    if entry.size > largest:
        return lambda path: too_large(path, entry.size, largest)
    return lambda path: Item(path, partial(_content, archive, entry))


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(entry)
    return content_of(entry.name, entry.size, stream.read if stream else bytes)
