"""What the sandbox may use, and what the admin lets it run: the settings as values."""

from __future__ import annotations

from django.conf import settings

from inference.sandbox import Limits

MEGABYTE = 1024**2


def limits() -> Limits:
    return Limits(
        settings.SANDBOX_TIME_LIMIT_S,
        settings.SANDBOX_MEMORY_MB * MEGABYTE,
        settings.SANDBOX_DISK_MB * MEGABYTE,
        tuple(settings.SANDBOX_FOLDERS),
    )


def command_for(source: str) -> str:
    """Return what is run for a source; empty: nothing."""
    return settings.SANDBOX_COMMANDS.get(source, "") if settings.SANDBOX != "off" else ""
