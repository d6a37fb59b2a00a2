"""The history of a commit: who changed which paths, when and why, newest first."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed
from indexer.fetching.environment import git_environment
from indexer.fetching.limited import check_there
from indexer.fetching.location import OBJECT_ID

BLOCK_SIZE = 256 * 1024
LONGEST_WORD = 64 * 1024  # of what stands between two zero bytes; the rest is dropped
MAX_MESSAGE = 8000  # characters
MAX_PATHS = 100  # a commit that touched more says nothing about any of them
MAX_TEXT = 100_000_000  # characters of all commits together; what is older is left out
LATEST_S = 4_102_444_800  # 2100: clocks that are wrong further than that are cut
HEADER = re.compile(r"\x01([0-9a-f]{40}|[0-9a-f]{64})")
FORMAT = "%x01%H%x00%ct%x00%aN%x00%B"
PLAIN = (
    "--find-renames", "-l400", "--no-show-signature", "--no-textconv", "--no-ext-diff",
    "--encoding=UTF-8", f"--format={FORMAT}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    oid: str
    committed_at: datetime
    author: str
    message: str
    paths: tuple[str, ...]  # as they were called after it; none when it touched too many
    renames: tuple[tuple[str, str], ...]  # old name, new name


@dataclass(frozen=True, slots=True)
class PathLog:
    """The commits that changed one file."""

    commits: tuple[LoggedCommit, ...]
    is_whole: bool  # False: there may be older ones


def is_ancestor(mirror: Path, older: str, newer: str) -> bool:
    """Return whether the older commit is in the newer one's history; False when it is gone."""
    command = _git(mirror, "merge-base", "--is-ancestor", _checked(older), _checked(newer))
    done = subprocess.run(  # noqa: S603 - fixed words and checked object ids
        command, capture_output=True, env=git_environment(), cwd="/", check=False
    )
    return done.returncode == 0


def read_log(
    mirror: Path, commit: str, *, since: str = "", limit: int, time_limit_s: float
) -> Iterator[LoggedCommit]:
    """Yield the commits behind a commit (and not behind `since`), newest first, without merges.

    Raises FetchFailed when git fails or takes longer than the time limit.
    """
    command = _git(mirror, "log", "-z", "--no-merges", f"--max-count={limit}", "--name-status")
    command += [*PLAIN, _checked(commit)]
    if since:
        command.append(f"^{_checked(since)}")
    yield from _read([*command, "--"], commit, time_limit_s)


def read_path_log(
    mirror: Path, commit: str, path: str, *, limit: int, time_limit_s: float
) -> PathLog:
    """Return the commits that changed a file, newest first and through its renames, without merges.

    Raises FetchFailed when git fails or the mirror is gone; what was not read in time is left out.
    """
    check_there(mirror)
    command = ["git", "--literal-pathspecs", f"--git-dir={mirror}", "log", "-z", "--no-merges"]
    command += ["--follow", f"--max-count={limit}", "--name-status", *PLAIN, _checked(commit)]
    commits: list[LoggedCommit] = []
    try:
        commits.extend(_read([*command, "--", path], commit, time_limit_s))
    except FetchFailed as failure:
        if failure.code != "history_slow":
            raise
        return PathLog(tuple(commits[:-1]), is_whole=False)  # the last one may be half of itself
    return PathLog(tuple(commits), is_whole=len(commits) < limit)


def read_differences(
    mirror: Path, commit: str, words: Sequence[str], *, limit: int, time_limit_s: float
) -> Iterator[str]:
    """Yield what `git log` says to these words of the commits behind a commit, line by line.

    Raises FetchFailed when git fails or takes longer than the time limit.
    """
    check_there(mirror)
    command = _git(mirror, *words, f"--max-count={limit}", _checked(commit), "--")
    with _output_of(command, commit, time_limit_s) as stream:
        yield from _lines(stream)


def _read(command: list[str], commit: str, time_limit_s: float) -> Iterator[LoggedCommit]:
    with _output_of(command, commit, time_limit_s) as stream:
        yield from _bounded(_commits(_words(stream)))


@contextmanager
def _output_of(command: list[str], commit: str, time_limit_s: float) -> Iterator[IO[bytes]]:
    with subprocess.Popen(  # noqa: S603 - fixed words, checked object ids, a literal path
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=git_environment(),
        cwd="/",
    ) as process:
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(time_limit_s, end)
        timer.start()
        try:
            yield cast(IO[bytes], process.stdout)
        finally:
            timer.cancel()
            process.kill()  # nothing when it has ended, or whoever reads has seen enough
    if late.is_set():
        raise FetchFailed(
            "history_slow", f"git read the history for longer than {time_limit_s:g} s."
        )
    if process.returncode not in {0, -9}:
        raise FetchFailed("history_unreadable", f"git cannot read the history of {commit[:12]}.")


def _bounded(commits: Iterator[LoggedCommit]) -> Iterator[LoggedCommit]:
    """Yield commits as long as they fit into a worker's memory."""
    size = 0
    for commit in commits:
        size += len(commit.message) + sum(map(len, commit.paths))
        if size > MAX_TEXT:
            return
        yield commit


def _commits(words: Iterator[str]) -> Iterator[LoggedCommit]:
    header: tuple[str, str, str, str] | None = None
    paths: list[str] = []
    renames: list[tuple[str, str]] = []
    for word in words:
        word = word.lstrip("\n")
        if found := HEADER.fullmatch(word):
            if header:
                yield _commit(header, paths, renames)
            header = (found[1], next(words, ""), next(words, ""), next(words, ""))
            paths, renames = [], []
        elif word[:1] in {"R", "C"}:
            old, new = next(words, ""), next(words, "")
            paths.append(new)
            if word[0] == "R":
                renames.append((old, new))
        elif word:
            paths.append(next(words, ""))
    if header:
        yield _commit(header, paths, renames)


def _commit(
    header: tuple[str, str, str, str], paths: list[str], renames: list[tuple[str, str]]
) -> LoggedCommit:
    oid, seconds, author, message = header
    at = min(int(seconds), LATEST_S) if seconds.isdecimal() else 0
    return LoggedCommit(
        oid,
        datetime.fromtimestamp(at, tz=UTC),
        author[:200],
        message.strip()[:MAX_MESSAGE],
        tuple(dict.fromkeys(filter(None, paths))) if len(paths) <= MAX_PATHS else (),
        tuple(renames),
    )


def _words(stream: IO[bytes]) -> Iterator[str]:
    """Yield what stands between zero bytes."""
    rest = b""
    while block := stream.read(BLOCK_SIZE):
        *words, rest = (rest + block).split(b"\0")
        rest = rest[:LONGEST_WORD]
        for word in words:
            yield word[:LONGEST_WORD].decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield the lines, of long ones the beginning, as far as they fit into a worker's memory."""
    size = 0
    while (line := stream.readline(LONGEST_WORD)) and size < MAX_TEXT:
        size += len(line)
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_WORD)
        yield line.decode("utf-8", "replace").rstrip("\n")


def _git(mirror: Path, *arguments: str) -> list[str]:
    return ["git", f"--git-dir={mirror}", *arguments]


def _checked(commit: str) -> str:
    if not OBJECT_ID.fullmatch(commit):
        raise ValueError(f"not an object id: {commit[:80]!r}")
    return commit
