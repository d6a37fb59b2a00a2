"""What the sandbox may use, and what the admin lets it run: the settings as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

OUTPUT_BYTES = 256 * 1024  # after which a run is ended
PROCESSES = 128
SCRATCH_BYTES = 64 * 1024**2  # of /tmp and /dev/shm, each
MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Limits:
    seconds: int
    memory_bytes: int  # of all processes together; each has as much address space
    disk_bytes: int  # of the folder that it works in, which lies in memory
    folders: tuple[Path, ...] = ()  # shown read-only, beside /usr
    processes: int = PROCESSES
    output_bytes: int = OUTPUT_BYTES


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
