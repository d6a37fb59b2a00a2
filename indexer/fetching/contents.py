"""Everything that a mirror holds, packed or not, reachable or not: to prove that something is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed
from indexer.fetching.mirror import MARKER
from indexer.fetching.objects import open_git

BLOCK_SIZE = 256 * 1024


def iter_contents(mirror: Path) -> Iterator[bytes]:
    """Yield the contents of all objects in blocks, one after the other, unpacked.

    A mirror into which nothing could be fetched yet has none. Raises FetchFailed when git cannot
    read all of them.
    """
    if [path.name for path in mirror.iterdir()] == [MARKER]:
        return
    with open_git(mirror, ["cat-file", "--batch-all-objects", "--batch"]) as process:
        output = cast(IO[bytes], process.stdout)
        while block := output.read(BLOCK_SIZE):
            yield block
    if process.returncode:
        raise FetchFailed("object_unreadable", f"git cannot read all objects of {mirror.name}.")
