"""What can go wrong with a backup."""

from __future__ import annotations


class BackupFailed(Exception):
    """The backup could not be written or put back; the message says why."""
