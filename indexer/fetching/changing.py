"""What one commit made of one file: the contents before and after it, as bytes nobody has read yet."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import FetchFailed
from indexer.fetching.limited import run_limited
from indexer.fetching.location import OBJECT_ID
from indexer.fetching.objects import read_blobs

TIME_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Versions:
    """A file before and after a commit; None where there was no file of bearable size."""

    before: bytes | None
    after: bytes | None
    was_there: bool
    is_there: bool


def versions_at(
    mirror: Path, commit: str, before: str, after: str, *, largest_blob: int
) -> Versions:
    """Return the file that a commit found under one path and left under another, or the same.

    Symbolic links and submodules are no files. Raises FetchFailed when git cannot say.
    """
    if not OBJECT_ID.fullmatch(commit):
        raise ValueError(f"not an object id: {commit[:80]!r}")
    arguments = [f"--git-dir={mirror}", "diff-tree", "--root", "-r", "-z", "--raw", "--no-renames"]
    arguments += ["--no-abbrev", "--no-commit-id", commit, "--", before, after]
    try:
        done = run_limited(arguments, time_limit_s=TIME_LIMIT_S)
    except (OSError, ValueError, subprocess.SubprocessError) as exc:
        raise FetchFailed("change_unread", "git could not read this commit in time.") from exc
    if done.returncode:
        raise FetchFailed(
            "change_unread",
            "This commit cannot be read from the copy of the repository on this machine. "
            "The next sync may bring it back.",
        )
    old, new = _object_ids(done.stdout, before, after)
    wanted = [one for one in (old, new) if one]
    contents = dict(read_blobs(mirror, wanted, largest_blob=largest_blob))
    return Versions(contents.get(old), contents.get(new), bool(old), bool(new))


def _object_ids(output: bytes, before: str, after: str) -> tuple[str, str]:
    """Return the ids of the two files, each empty where there is none."""
    old = new = ""
    words = output.split(b"\0")
    for facts, name in zip(words[::2], words[1::2], strict=False):
        old_mode, new_mode, old_id, new_id, _status = facts.lstrip(b":").decode("ascii").split()
        path = name.decode("utf-8", "replace")
        if path == before and old_mode.startswith("100"):
            old = old_id
        if path == after and new_mode.startswith("100"):
            new = new_id
    return old, new
