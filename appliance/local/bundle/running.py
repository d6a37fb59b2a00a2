"""Running the programs that a bundle is made with, and saying what they said when they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SHOWN_LINES = 5


class BundleFailed(Exception):
    """The bundle cannot be made; the message says why and what to do."""


def run(
    command: Sequence[str | Path],
    complaint: str,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it printed. Raises BundleFailed."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, errors="replace"
        )
    except OSError as exc:
        raise BundleFailed(f"{complaint}: {command[0]}: {exc.strerror}") from exc
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-SHOWN_LINES:]
        raise BundleFailed("\n".join([f"{complaint}:", *said]))
    return done.stdout
