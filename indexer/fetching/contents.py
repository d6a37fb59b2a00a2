"""Everything that a mirror holds, packed or not, reachable or not: to prove that something is gone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed
from indexer.fetching.environment import git_environment
from indexer.fetching.mirror import MARKER

BLOCK_SIZE = 256 * 1024


def iter_contents(mirror: Path) -> Iterator[bytes]:
    """Yield the contents of all objects in blocks, one after the other, unpacked.

    A mirror into which nothing could be fetched yet has none. Raises FetchFailed when git cannot
    read all of them.
    """
    if [path.name for path in mirror.iterdir()] == [MARKER]:
        return
    command = ["git", f"--git-dir={mirror}", "cat-file", "--batch-all-objects", "--batch"]
    with subprocess.Popen(  # noqa: S603 - fixed words and a folder of ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=git_environment(),
        cwd="/",
    ) as process:
        output = cast(IO[bytes], process.stdout)
        while block := output.read(BLOCK_SIZE):
            yield block
    if process.returncode:
        raise FetchFailed("object_unreadable", f"git cannot read all objects of {mirror.name}.")
