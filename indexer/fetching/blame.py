"""Which commit each line of a file comes from, as git's own blame says; without the lines.

What authors and messages say is theirs: cut here, masked by whoever shows it.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.errors import FetchFailed
from indexer.fetching.limited import check_there, run_limited
from indexer.fetching.location import OBJECT_ID

TIME_LIMIT_S = 10.0
LONGEST_NAME = 100  # letters of an author's name
LONGEST_SUMMARY = 200
LATEST_S = 4_102_444_800  # 2100: clocks that are wrong further than that are cut
LINE = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) \d+ \d+(?: \d+)?")


@dataclass(frozen=True, slots=True)
class BlamedCommit:
    """A commit that lines come from."""

    oid: str
    author: str
    authored_at: datetime
    summary: str


@dataclass(frozen=True, slots=True)
class Blame:
    """The commits of a file's lines, and for each line which of them it is."""

    commits: tuple[BlamedCommit, ...]
    lines: tuple[int, ...]  # place in `commits`, by line


def read_blame(mirror: Path, commit: str, path: str) -> Blame:
    """Return where the lines of a file at a commit come from.

    Raises FetchFailed when the mirror is gone, git fails or takes too long: its message is for
    people.
    """
    if not OBJECT_ID.fullmatch(commit):
        raise ValueError(f"not an object id: {commit[:80]!r}")
    check_there(mirror)
    arguments = [f"--git-dir={mirror}", "blame", "--porcelain", "--encoding=UTF-8", commit]
    try:
        done = run_limited([*arguments, "--", path], time_limit_s=TIME_LIMIT_S)
    except subprocess.TimeoutExpired as exc:
        raise FetchFailed(
            "blame_slow",
            f"git needs more than {TIME_LIMIT_S:g} seconds for this file: its history is too long.",
        ) from exc
    except (OSError, ValueError, subprocess.SubprocessError) as exc:
        raise FetchFailed("blame_failed", "git could not be run on this machine.") from exc
    if done.returncode:
        raise FetchFailed(
            "blame_failed",
            "git cannot read the history of this file. It may be repaired by the next sync.",
        )
    return _blame(done.stdout)


def _blame(output: bytes) -> Blame:
    """Read the porcelain format: facts of a commit stand before its first line alone."""
    numbers: dict[str, int] = {}
    facts: list[dict[bytes, bytes]] = []
    lines: list[int] = []
    for line in output.split(b"\n"):
        if line.startswith(b"\t"):
            continue
        if found := LINE.fullmatch(line):
            number = numbers.setdefault(found[1].decode("ascii"), len(numbers))
            if number == len(facts):
                facts.append({})
            lines.append(number)
        elif lines:
            word, _, rest = line.partition(b" ")
            facts[lines[-1]].setdefault(word, rest)
    commits = (_commit(oid, facts[number]) for oid, number in numbers.items())
    return Blame(tuple(commits), tuple(lines))


def _commit(oid: str, facts: dict[bytes, bytes]) -> BlamedCommit:
    seconds = facts.get(b"author-time", b"")
    at = min(int(seconds), LATEST_S) if seconds.isdigit() else 0
    return BlamedCommit(
        oid,
        facts.get(b"author", b"").decode("utf-8", "replace").strip()[:LONGEST_NAME],
        datetime.fromtimestamp(at, tz=UTC),
        facts.get(b"summary", b"").decode("utf-8", "replace").strip()[:LONGEST_SUMMARY],
    )
