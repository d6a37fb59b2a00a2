"""What can go wrong with a backup, in sentences."""

from __future__ import annotations

import errno
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class BackupFailed(Exception):
    """The backup could not be written or put back; the message says why."""


def explained(exc: Exception, folder: Path) -> str:
    """Return what a failure of writing into a folder means, and what to do about it."""
    number = exc.errno if isinstance(exc, OSError) else None
    if number in FULL:
        return f"There is no room left in {folder}: free some space, or take another folder. Nothing was changed."
    if number in CLOSED:
        return (
            f"{folder} may not be written from here. On hosts commands write into the data folder, the "
            "folder of backups and the archive, and nowhere else. Nothing was changed."
        )
    return str(exc)
