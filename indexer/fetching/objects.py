"""Read a mirror's objects: trees, file contents, facts about commits, and what differs.

Plain git processes in the mirror, which is ours, with every protocol closed. The objects are
hostile: names may be any bytes and sizes may be anything, so each reader has its limit.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.environment import git_environment
from indexer.fetching.location import OBJECT_ID
from indexer.fetching.tree import (
    TreeChange,
    TreeEntry,
    change_from_record,
    entry_from_line,
)

MOST_ENTRIES = 500_000
LARGEST_BLOB = 5 * 1024**2  # bytes
LOOKUP = 2000  # objects whose sizes are asked for at once
LONGEST_NAME = 200
IDS_AHEAD = 64  # ids written before their answers are read: far less than a pipe holds
BLOCK_SIZE = 64 * 1024


@dataclass(frozen=True, slots=True)
class CommitFacts:
    commit: str
    author_name: str
    committed_at: datetime
    subject: str


def iter_tree(
    mirror: Path, commit: str, *, most_entries: int = MOST_ENTRIES
) -> Iterator[TreeEntry]:
    """Yield every path of the commit, submodules and symbolic links included."""
    arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", _checked(commit)]
    return map(entry_from_line, _records(mirror, arguments, most_entries))


def iter_changes(mirror: Path, old: str, new: str) -> Iterator[TreeChange]:
    """Yield the paths whose content or mode differs between two commits, renames as both ends."""
    arguments = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"]
    records = _records(mirror, [*arguments, _checked(old), _checked(new)], 2 * MOST_ENTRIES)
    while parts := list(islice(records, LOOKUP * 2)):
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        sizes = _sizes(mirror, [facts.split()[3].decode("ascii") for facts, _ in pairs])
        for (facts, name), size in zip(pairs, sizes, strict=True):
            yield change_from_record(facts, name, size)


def has_commit(mirror: Path, commit: str) -> bool:
    """Return whether the mirror still holds this commit."""
    with open_git(mirror, ["cat-file", "-e", f"{_checked(commit)}^{{commit}}"]) as process:
        process.communicate()
    return process.returncode == 0


def missing_objects(mirror: Path, object_ids: Sequence[str]) -> set[str]:
    """Return those of the objects that the mirror does not hold."""
    missing: set[str] = set()
    for start in range(0, len(object_ids), LOOKUP):
        asked = object_ids[start : start + LOOKUP]
        sizes = _sizes(mirror, asked)
        missing.update(one for one, size in zip(asked, sizes, strict=True) if size is None)
    return missing


def read_path(mirror: Path, commit: str, path: str, *, largest_blob: int) -> bytes | None:
    """Return the file at a path of a commit, None when there is none or it is too large."""
    arguments = ["ls-tree", "-z", "-l", "--full-tree", _checked(commit), "--", path]
    entries = [entry_from_line(line) for line in _records(mirror, arguments, 10)]
    for entry in entries:
        if entry.path == path and entry.is_file:
            found = read_blobs(mirror, [entry.object_id], largest_blob=largest_blob)
            return next((content for _, content in found), None)
    return None


def _sizes(mirror: Path, object_ids: Sequence[str]) -> list[int | None]:
    """Return the sizes of objects; None for what is not here, such as submodules' commits."""
    with open_git(mirror, ["cat-file", "--batch-check=%(objectsize)"]) as process:
        questions = "".join(f"{_checked(object_id)}\n" for object_id in object_ids)
        output, _ = process.communicate(questions.encode("ascii"))
    sizes = [int(line) if line.isdigit() else None for line in output.split(b"\n")[:-1]]
    if len(sizes) != len(object_ids):
        raise _unreadable(object_ids[0])
    return sizes


def read_blobs(
    mirror: Path, object_ids: Iterable[str], *, largest_blob: int = LARGEST_BLOB
) -> Iterator[tuple[str, bytes]]:
    """Yield the contents in the order asked; what is larger than the limit is left out."""
    with open_git(mirror, ["cat-file", "--batch"]) as process:
        questions, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        ids = iter(object_ids)
        while batch := [_checked(object_id) for object_id in islice(ids, IDS_AHEAD)]:
            questions.write("".join(f"{object_id}\n" for object_id in batch).encode("ascii"))
            questions.flush()
            for object_id in batch:
                content = _read_blob(answers, object_id, largest_blob)
                if content is not None:
                    yield object_id, content


def commit_facts(mirror: Path, commit: str) -> CommitFacts:
    """Return what is shown beside a citation; over-long names and subjects are cut."""
    form = "--format=%H%x00%ct%x00%an%x00%s"
    arguments = ["show", "--no-patch", "--no-notes", "--encoding=UTF-8", form]
    output = _output(mirror, [*arguments, _checked(commit), "--"])
    parts = output.decode("utf-8", "replace").rstrip("\n").split("\0")
    if len(parts) != 4:
        raise _unreadable(commit)
    seconds = int(parts[1]) if parts[1].isascii() and parts[1].isdigit() else 0
    return CommitFacts(
        commit=parts[0],
        author_name=parts[2][:LONGEST_NAME],
        committed_at=datetime.fromtimestamp(min(seconds, 4_102_444_800), tz=UTC),  # until 2100
        subject=parts[3][:LONGEST_NAME],
    )


def _checked(object_id: str) -> str:
    if not OBJECT_ID.fullmatch(object_id):
        raise ValueError(f"not an object id: {object_id[:80]!r}")
    return object_id


def open_git(mirror: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start git in a mirror, with its input and output as pipes and every protocol closed.

    The arguments are ours: fixed words and checked object ids; anything else goes by the input.
    """
    return subprocess.Popen(  # noqa: S603 - fixed words and checked object ids
        ["git", f"--git-dir={mirror}", *arguments],  # noqa: S607 - the operator's PATH decides
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=git_environment(),
        cwd="/",
    )


def _output(mirror: Path, arguments: Sequence[str]) -> bytes:
    with open_git(mirror, arguments) as process:
        output, _ = process.communicate()
    if process.returncode:
        raise _unreadable(arguments[-1])
    return output


def _records(mirror: Path, arguments: Sequence[str], most_records: int) -> Iterator[bytes]:
    """Yield the NUL-terminated records of a git command."""
    with open_git(mirror, arguments) as process:
        output = cast(IO[bytes], process.stdout)
        rest, count = b"", 0
        while block := output.read(BLOCK_SIZE):
            *records, rest = (rest + block).split(b"\0")
            count += len(records)
            if count > most_records:
                process.kill()
                raise FetchRefused(
                    "too_many_files",
                    f"The repository has more than {most_records} entries, the limit for one source.",
                )
            yield from records
    if process.returncode:
        raise _unreadable(arguments[-1])


def _read_blob(stream: IO[bytes], object_id: str, largest_blob: int) -> bytes | None:
    header = stream.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        raise _unreadable(object_id)
    size = int(header[2])
    if size <= largest_blob:
        content = stream.read(size + 1)
        if len(content) != size + 1:
            raise _unreadable(object_id)
        return content[:-1]
    left = size + 1
    while left:
        block = stream.read(min(left, BLOCK_SIZE))
        if not block:
            raise _unreadable(object_id)
        left -= len(block)
    return None


def _unreadable(object_id: str) -> FetchFailed:
    return FetchFailed(
        "object_unreadable",
        f"The mirror of this repository has no readable object {object_id}. Sync the source again.",
    )
