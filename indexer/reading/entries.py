"""What can be told about a tree entry before its content is read."""

from __future__ import annotations

from indexer.reading.unwritten import is_lock_file
from indexer.skips import Skip, SkipReason

MAX_BYTES = 1024 * 1024
# Documents hold pictures and fonts beside their text.
DOCUMENT_MAX_BYTES = 20 * 1024 * 1024
DOCUMENT_EXTENSIONS = (".pdf", ".docx", ".ipynb", ".html", ".htm")
MAX_PATH_BYTES = 1024  # fits a B-tree row of PostgreSQL (2,704 bytes) with room to spare

TYPE_MASK = 0o170000
SYMLINK = 0o120000
SUBMODULE = 0o160000


def skip_for_entry(
    path: str, mode: int, size_bytes: int | None = None, *, max_bytes: int = MAX_BYTES
) -> Skip | None:
    """Return why this entry need not be fetched, or None when it should be read.

    The path comes from git with undecodable bytes as surrogates (os.fsdecode); the mode is git's
    number, 0o100644 for a plain file.
    """
    if reason := _path_fault(path):
        return Skip(SkipReason.PATH, reason)
    if mode & TYPE_MASK == SYMLINK:
        return Skip(SkipReason.SYMLINK)
    if mode & TYPE_MASK == SUBMODULE:
        return Skip(SkipReason.SUBMODULE)
    if is_lock_file(path):
        return Skip(SkipReason.LOCK_FILE)
    most = max_bytes_for(path, max_bytes)
    if size_bytes is not None and size_bytes > most:
        return Skip(SkipReason.TOO_LARGE, f"{size_bytes} bytes, limit {most}")
    if size_bytes == 0:
        return Skip(SkipReason.EMPTY)
    return None


def max_bytes_for(path: str, max_bytes: int) -> int:
    """Return the size limit of a file by its name."""
    if path.lower().endswith(DOCUMENT_EXTENSIONS):
        return max(max_bytes, DOCUMENT_MAX_BYTES)
    return max_bytes


def _path_fault(path: str) -> str:
    try:
        length = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        return "not UTF-8"
    if length > MAX_PATH_BYTES:
        return f"{length} bytes, limit {MAX_PATH_BYTES}"
    # A line break in a path could pose as a line of evidence in a prompt or a log.
    if not path or any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        return "control characters"
    return ""
