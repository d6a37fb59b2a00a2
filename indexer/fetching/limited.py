"""Run one git command that somebody waits for: bound in time and memory, its output kept as a whole."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexer.errors import FetchFailed
from indexer.fetching.environment import git_environment

MEMORY_BYTES = 1024**3


def check_there(mirror: Path) -> None:
    """Raise FetchFailed, with a sentence for people, when there is no mirror to read."""
    if not mirror.is_dir():
        raise FetchFailed(
            "mirror_gone",
            "This machine has no copy of the repository now. The next sync brings it back.",
        )


def run_limited(
    arguments: Sequence[str],
    *,
    time_limit_s: float,
    own: Mapping[str, str] | None = None,
    given: bytes = b"",
    folder: Path = Path("/"),
    largest_file: int = 0,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, with what `own` adds to its environment.

    Raises OSError or subprocess.SubprocessError when it cannot be run or takes too long; a status
    other than 0 is the caller's to judge. It may write files of `largest_file` bytes.
    """
    command = ["git", "--literal-pathspecs", *arguments]
    with subprocess.Popen(  # noqa: S603 - the callers' fixed words, checked ids and literal paths
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**git_environment(), **(own or {})},
        cwd=folder,
    ) as process:
        _limit(process.pid, largest_file)  # before it has been given anything to work on
        try:
            output, errors = process.communicate(given, timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _limit(pid: int, largest_file: int) -> None:
    """Bind a process that is running already; where the system cannot do that, time alone binds it."""
    if not hasattr(resource, "prlimit"):
        return
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, largest_file),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.prlimit(pid, kind, (most, most))
        except (OSError, ValueError):  # it has ended, or has a lower limit already
            return
