"""What the snapshot tests share: looks at a place, and what its mirror then holds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.fetching.location import parse_location
from indexer.fetching.mirror import FetchedRefs, FetchLimits, fetch, iter_tree, read_path
from indexer.fetching.policy import LocationPolicy

Look = Callable[..., FetchedRefs]
Reader = Callable[[str], bytes | None]


@pytest.fixture
def look(mirror: Path, policy: LocationPolicy) -> Look:
    def once(place: Path, limits: FetchLimits | None = None) -> FetchedRefs:
        location = parse_location(str(place), policy)
        return fetch(location, mirror, policy=policy, limits=limits)

    return once


def commit_of(fetched: FetchedRefs) -> str:
    return fetched.refs["snapshot"].commit


@pytest.fixture
def held(mirror: Path) -> Callable[[FetchedRefs], dict[str, int]]:
    """Return the paths of a snapshot with their modes."""

    def paths(fetched: FetchedRefs) -> dict[str, int]:
        return {entry.path: entry.mode for entry in iter_tree(mirror, commit_of(fetched))}

    return paths


@pytest.fixture
def content(mirror: Path) -> Callable[[FetchedRefs, str], bytes | None]:
    def of(fetched: FetchedRefs, path: str) -> bytes | None:
        return read_path(mirror, commit_of(fetched), path, largest_blob=10**8)

    return of


@pytest.fixture
def stored(mirror: Path) -> Callable[[], set[str]]:
    """Return every file of the mirror but the memory of the last look."""

    def files() -> set[str]:
        subprocess.run(["git", f"--git-dir={mirror}", "fsck", "--strict"], check=True)
        found = {str(path.relative_to(mirror)) for path in mirror.rglob("*") if path.is_file()}
        return found - {"plumbline-snapshot.json"}

    return files
