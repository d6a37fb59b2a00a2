"""What the last look at a folder found, kept beside its mirror: unchanged files are not read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.fetching.snapshots.importing import Entry
from indexer.fetching.snapshots.values import Stamp

NAME = "plumbline-snapshot.json"
FORM = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """A path of the last look."""

    entry: Entry
    stamp: Stamp | None  # None: it must be read again


def recall(mirror: Path, *, commit: str | None, largest: int) -> dict[str, Seen]:
    """Return the last look; nothing when it was not at this commit or under another limit."""
    try:
        stored = json.loads((mirror / NAME).read_text("ascii"))
        if [stored["form"], stored["commit"], stored["largest"]] != [FORM, commit, largest]:
            return {}
        return {
            path: Seen(Entry(mode, oid), Stamp(*stamp) if stamp else None)
            for path, (mode, oid, stamp) in stored["paths"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # everything is read again


def remember(mirror: Path, seen: Mapping[str, Seen], *, commit: str, largest: int) -> None:
    paths = {
        path: [one.entry.mode, one.entry.oid, _numbers(one.stamp)] for path, one in seen.items()
    }
    stored = {"form": FORM, "commit": commit, "largest": largest, "paths": paths}
    fresh = mirror / f"{NAME}.lock"  # half of one is removed like git's own locks
    fresh.write_text(json.dumps(stored), "ascii")
    fresh.replace(mirror / NAME)


def forget(mirror: Path) -> None:
    (mirror / NAME).unlink(missing_ok=True)


def _numbers(stamp: Stamp | None) -> list[int] | None:
    if stamp is None:
        return None
    return [stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode]
