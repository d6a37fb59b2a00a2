"""Look at a zip file's directory before anything in it is unpacked."""

from __future__ import annotations

from io import BytesIO
from zipfile import BadZipFile, LargeZipFile, ZipFile

from indexer.skips import Skip, SkipReason

MAX_ENTRIES = 2000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
SMALL = 1024 * 1024  # below this the ratio says nothing
ENCRYPTED = 0x1


def check_zip(content: bytes) -> Skip | None:
    """Return why this archive is not opened, None when it may be.

    What an entry unpacks to is bounded by the size that the directory states: zipfile stops there.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
    except (BadZipFile, LargeZipFile, ValueError, NotImplementedError) as exc:
        return Skip(SkipReason.BROKEN, f"not a readable zip file ({type(exc).__name__})")
    if len(entries) > MAX_ENTRIES:
        return Skip(SkipReason.REJECTED, f"zip_entries: {len(entries)}, limit {MAX_ENTRIES}")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or (unpacked > SMALL and unpacked > MAX_RATIO * len(content)):
        return Skip(SkipReason.REJECTED, f"zip_ratio: {unpacked} bytes in {len(content)}")
    for entry in entries:
        if entry.flag_bits & ENCRYPTED:
            return Skip(SkipReason.ENCRYPTED)
        if entry.filename.startswith(("/", "\\")) or ".." in entry.filename.split("/"):
            return Skip(SkipReason.REJECTED, "zip_path: an entry points out of the file")
    return None
