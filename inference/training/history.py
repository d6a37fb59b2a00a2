"""Pairs from history: a commit message, and the lines that the commit touched as they were before."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inference.training.messages import is_by_a_bot, is_trivial, said, subject
from inference.training.pairs import Pair
from inference.training.trees import is_learned_from, is_prose, is_test

CONTEXT_LINES = 12
MOST_FILES = 6
MOST_PAIRS = 3  # of one commit
MOST_LINES = 60
MARK, END = "\x02commit ", "\x1e"
LOG = (
    "log", "-p", f"-U{CONTEXT_LINES}", "--no-merges", "--no-renames", "--no-color",
    "--diff-filter=M", "--no-ext-diff", "--no-textconv", "--format=%x02commit %an%x1f%B%x1e",
)  # fmt: skip
HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@ ?(.*)$")


@dataclass(slots=True)
class Touched:
    """One file of a commit: its path, and the old side of its hunks."""

    path: str
    lines: list[str] = field(default_factory=list)


def commit_pairs(repository: Path, *, newest: int) -> Iterator[Pair]:
    """Yield the pairs of a bare repository's newest commits."""
    with subprocess.Popen(
        ["git", f"--git-dir={repository}", *LOG, f"--max-count={newest}", "HEAD"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as log:
        assert log.stdout is not None  # noqa: S101 - it was asked for
        lines = (line.decode("utf-8", "replace").rstrip("\n") for line in log.stdout)
        yield from pairs_in(lines)


def pairs_in(lines: Iterable[str]) -> Iterator[Pair]:
    """Yield the pairs of what git says to LOG, line by line; merges and bots are left out."""
    for author, message, files in map(_parsed, _records(lines)):
        if is_usable(author, message) and len(files) <= MOST_FILES:
            yield from _pairs(message, files)


def is_usable(author: str, message: str) -> bool:
    return not is_by_a_bot(author) and not is_trivial(message)


def _pairs(message: str, files: list[Touched]) -> Iterator[Pair]:
    files = [one for one in files if is_learned_from(one.path) and one.lines]
    sources = [one for one in files if not is_test(one.path) and not is_prose(one.path)]
    kept = (sources or files)[:MOST_PAIRS]
    for position, one in enumerate(kept):
        # Half as people write commits, half as they type into a search box.
        query = subject(message) if position % 2 else said(message)[:600]
        yield Pair("commit", query, "\n".join([one.path, *one.lines[:MOST_LINES]]))


def _records(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines of each commit."""
    record: list[str] = []
    for line in lines:
        if line.startswith(MARK) and record:
            yield record
            record = []
        record.append(line)
    if record:
        yield record


def _parsed(record: list[str]) -> tuple[str, str, list[Touched]]:
    """Return author, message and touched files of a commit."""
    end = next((at for at, line in enumerate(record) if line.endswith(END)), len(record) - 1)
    header = "\n".join(record[: end + 1])
    author, _, message = header.removeprefix(MARK).removesuffix(END).partition("\x1f")
    return author, message, _touched(record[end + 1 :])


def _touched(diff: list[str]) -> list[Touched]:
    """Return the files of a commit's difference with the old side of their hunks."""
    files: list[Touched] = []
    in_hunk = False
    for line in diff:
        if line.startswith("diff --git "):
            in_hunk = False
        elif line.startswith("--- a/") and not in_hunk:
            files.append(Touched(line[len("--- a/") :]))
        elif hunk := HUNK.match(line):
            in_hunk = bool(files)
            if in_hunk and hunk[1]:
                files[-1].lines.append(hunk[1])
        elif in_hunk and line[:1] in {" ", "-"} and len(files[-1].lines) < MOST_LINES:
            files[-1].lines.append(line[1:300])
    return files
