"""What differs between two texts, as git tells it: of texts that are masked already, never of blobs."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.errors import FetchFailed
from indexer.fetching.limited import run_limited

TIME_LIMIT_S = 10.0
MOST_LINES = 3000  # of a difference; more is no longer read by anybody
LARGEST_FILE = 32 * 1024**2
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")

Kind = Literal["same", "removed", "added"]
KINDS: dict[str, Kind] = {" ": "same", "-": "removed", "+": "added"}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference, with its number in the texts that have it."""

    kind: Kind
    before: int | None
    after: int | None
    text: str
    begins: bool  # whether lines were left out in front of it


@dataclass(frozen=True, slots=True)
class Difference:
    lines: tuple[DiffLine, ...]
    is_cut: bool  # whether it has more than MOST_LINES


def differences(before: str, after: str, *, around: int = 3) -> Difference:
    """Return the lines that differ, with some around them; none when the texts are the same.

    Raises FetchFailed when git cannot tell in time.
    """
    if before == after:
        return Difference((), is_cut=False)
    with tempfile.TemporaryDirectory(prefix="plumbline-diff-") as name:
        folder = Path(name)
        for title, text in (("before", before), ("after", after)):
            (folder / title).write_bytes(text.encode("utf-8", "replace"))
        arguments = ["diff", "--no-index", "--no-color", "--no-ext-diff", "--no-textconv", "--text"]
        try:
            done = run_limited(
                [*arguments, f"--unified={around}", "--", "before", "after"],
                time_limit_s=TIME_LIMIT_S,
                own={"GIT_CEILING_DIRECTORIES": str(folder.parent)},
                folder=folder,
                largest_file=LARGEST_FILE,
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise FetchFailed(
                "diff_failed", "git could not compare the two versions in time."
            ) from exc
    lines = list(_first(_lines(done.stdout.decode("utf-8", "replace").split("\n"))))
    return Difference(tuple(lines[:MOST_LINES]), is_cut=len(lines) > MOST_LINES)


def _first(lines: Iterable[DiffLine]) -> Iterator[DiffLine]:
    for number, line in enumerate(lines):
        if number > MOST_LINES:
            return
        yield line


def _lines(output: Iterable[str]) -> Iterator[DiffLine]:
    before = after = 0
    begins = False
    for line in output:
        if found := HUNK.match(line):
            before, after, begins = int(found[1]), int(found[2]), True
        elif before + after and (kind := KINDS.get(line[:1])):
            old = None if kind == "added" else before
            new = None if kind == "removed" else after
            yield DiffLine(kind, old, new, line[1:], begins)
            before, after, begins = before + (old is not None), after + (new is not None), False
