"""What git makes of a patch at a commit: in an index and an object folder of its own, never checked out.

The index holds only the files that the patch names, and what git writes goes to a temporary folder:
the mirror stays as it is. There is no work tree, so no filter, hook or attribute of the repository
is acted on.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.errors import FetchFailed
from indexer.fetching.limited import run_limited
from indexer.fetching.location import OBJECT_ID
from indexer.fetching.objects import read_blobs
from indexer.fetching.tree import TreeEntry, entry_from_line

TIME_LIMIT_S = 10.0
LARGEST_FILE = 5 * 1024**2
LARGEST_PATCH = 1024**2
MOST_PATHS = 50
LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Original:
    """What a commit has at a path, with its content when it is a file of bearable size."""

    entry: TreeEntry
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Applied:
    """The files of a patch as they are after it; or what git says against it."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    error: str = ""


def originals_at(mirror: Path, commit: str, paths: Collection[str]) -> dict[str, Original]:
    """Return what the commit has at these paths; what it does not have is left out."""
    wanted = list(paths)[:MOST_PATHS]
    if not wanted or not mirror.is_dir():
        return {}
    arguments = ["ls-tree", "-t", "-z", "-l", "--full-tree", _checked(commit), "--", *wanted]
    done = _git(mirror, arguments, {})
    if done.returncode:
        return {}
    entries = [entry_from_line(line) for line in done.stdout.split(b"\0") if line]
    entries = [entry for entry in entries if entry.path in wanted]  # a folder may be gone into
    ids = [entry.object_id for entry in entries if entry.is_file]
    contents = dict(read_blobs(mirror, ids, largest_blob=LARGEST_FILE))
    return {entry.path: Original(entry, contents.get(entry.object_id)) for entry in entries}


def apply_patch(
    mirror: Path, commit: str, patch: bytes, originals: Mapping[str, Original]
) -> Applied:
    """Apply a patch to the files of a commit; `originals` are those that it changes.

    Raises FetchFailed when git cannot be run at all or takes too long.
    """
    _checked(commit)
    if len(patch) > LARGEST_PATCH:
        return Applied(error=f"the patch has more than {LARGEST_PATCH} bytes")
    with tempfile.TemporaryDirectory(prefix="plumbline-patch-") as name:
        folder = Path(name)
        (folder / "objects").mkdir()
        own = {
            "GIT_INDEX_FILE": str(folder / "index"),
            "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(mirror.absolute() / "objects"),
        }
        records = "".join(
            f"{one.entry.mode:o} {one.entry.object_id}\t{path}\0" for path, one in originals.items()
        )
        _git(mirror, ["update-index", "-z", "--index-info"], own, records.encode())
        done = _git(mirror, ["apply", "--cached", "--whitespace=nowarn", "-"], own, patch)
        if done.returncode:
            return Applied(error=_reason(done.stderr))
        return Applied(_contents(mirror, own))


def _contents(mirror: Path, own: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files that the index holds after the patch."""
    listed = _git(mirror, ["ls-files", "--cached", "-z"], own).stdout.split(b"\0")
    paths = [path.decode("utf-8", "surrogateescape") for path in listed if path][:MOST_PATHS]
    return {path: _git(mirror, ["cat-file", "blob", f":0:{path}"], own).stdout for path in paths}


def _git(
    mirror: Path, arguments: Sequence[str], own: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return run_limited(
            [f"--git-dir={mirror.absolute()}", *arguments],
            time_limit_s=TIME_LIMIT_S,
            own=own,
            given=given,
            largest_file=4 * LARGEST_FILE,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise FetchFailed("patch_unchecked", "git could not try the patch in time.") from exc


def _reason(errors: bytes) -> str:
    """Return the first line of git's complaint, without what it says of itself."""
    lines = errors.decode("utf-8", "replace").split("\n")
    said = next((line for line in lines if line.startswith(("error:", "fatal:"))), lines[0])
    return said.partition(": ")[2][:LONGEST_ERROR] or "git refuses the patch"


def _checked(commit: str) -> str:
    if not OBJECT_ID.fullmatch(commit):
        raise ValueError(f"not an object id: {commit[:80]!r}")
    return commit
