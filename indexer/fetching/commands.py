"""Run one git command through GitPython, with bounded output and its errors translated."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from git import Git, GitCommandError
from git.util import RemoteProgress

from indexer.fetching.diagnosis import diagnose
from indexer.fetching.values import FetchProgress, Phase

LONGEST_LINE = 4000
LAST_LINES = 60  # of the error stream; an endless one must not fill the memory
SIZES = {"bytes": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}

PHASES: dict[int, Phase] = {
    RemoteProgress.COUNTING: "counting",
    RemoteProgress.COMPRESSING: "compressing",
    RemoteProgress.RECEIVING: "receiving",
    RemoteProgress.RESOLVING: "resolving",
}


class ProgressReporter(RemoteProgress):
    """Turns GitPython's progress into ours."""

    def __init__(self, report: Callable[[FetchProgress], None]) -> None:
        super().__init__()
        self.report = report

    def update(
        self,
        op_code: int,
        cur_count: str | float,
        max_count: str | float | None = None,
        message: str = "",
    ) -> None:
        phase = PHASES.get(op_code & self.OP_MASK)
        if phase is None:
            return
        total = int(float(max_count)) if max_count else None
        self.report(FetchProgress(phase, int(float(cur_count or 0)), total, _received(message)))


def run_git(
    git: Git,
    arguments: Sequence[str],
    *,
    on_line: Callable[[str], None] | None = None,
    progress: ProgressReporter | None = None,
    pass_descriptors: Sequence[int] = (),
) -> None:
    """Run git, hand each line of output on, and raise what its error stream means."""
    process = git.execute(
        ["git", *arguments],
        as_process=True,
        with_stdout=on_line is not None,
        pass_fds=tuple(pass_descriptors),
        # Keeps SIGXFSZ ignored, as Python has it: at the size limit git then says what is wrong
        # instead of dying without a word.
        restore_signals=False,
    )
    errors: deque[str] = deque(maxlen=LAST_LINES)
    pump = threading.Thread(target=_read_errors, args=(process.stderr, errors, progress))
    pump.start()
    if on_line is not None:
        for line in _lines(process.stdout):
            on_line(line)
    pump.join()
    try:
        process.wait()
    except GitCommandError as error:
        raise diagnose(errors, str(error.status)) from error


def output_of(git: Git, arguments: Sequence[str]) -> list[str]:
    lines: list[str] = []
    run_git(git, arguments, on_line=lines.append)
    return lines


def _read_errors(stream: IO[bytes], errors: deque[str], progress: ProgressReporter | None) -> None:
    for line in _lines(stream):
        if progress is not None:
            progress.new_message_handler()(line)
            progress.other_lines.clear()
            progress.error_lines.clear()
        errors.append(line)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield lines ended by line feed or carriage return, over-long ones cut."""
    rest = b""
    while block := os.read(stream.fileno(), 65536):
        *lines, rest = re.split(rb"[\r\n]", rest + block)
        rest = rest[:LONGEST_LINE]
        yield from (line[:LONGEST_LINE].decode("utf-8", "replace") for line in lines if line)
    if rest:
        yield rest.decode("utf-8", "replace")


def _received(message: str) -> int | None:
    match = re.match(r"([0-9.]+) (bytes|[KMG]iB)", message)
    return round(float(match[1]) * SIZES[match[2]]) if match else None
