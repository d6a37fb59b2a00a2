"""Run the fetching child, pass its progress on, and end its whole process group at a limit."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import indexer
from indexer.errors import FetchError, FetchFailed, FetchRefused
from indexer.fetching.protocol import FetchRequest, report_from_json, request_to_json
from indexer.fetching.values import FetchedRefs, FetchLimits, FetchProgress

LOOK_S = 0.25  # between two looks at the clock and the disk
PROGRESS_S = 0.2  # between two reports of the same phase
SILENCE_S = 10.0  # a server may count its objects for minutes without a word


def supervise(
    request: FetchRequest, on_progress: Callable[[FetchProgress], None] | None
) -> FetchedRefs:
    """Return what the child fetched, or raise what it or a limit said."""
    deadline = time.monotonic() + request.limits.wall_s
    throttle = _Throttle(on_progress)
    child = _start(request)
    try:
        _ask(cast(IO[bytes], child.stdin), request)
        for line in _lines(
            cast(IO[bytes], child.stdout), lambda: _look(request, deadline, throttle)
        ):
            report = report_from_json(line)
            if isinstance(report, FetchedRefs):
                return report
            if isinstance(report, FetchError):
                raise report
            throttle(report)
        raise FetchFailed(
            "child_ended",
            f"The fetching process ended by itself, with status {child.wait()}. Try again.",
        )
    finally:
        _end(child)


class _Throttle:
    """Passes on the first report of each phase, and then few enough to store."""

    def __init__(self, on_progress: Callable[[FetchProgress], None] | None) -> None:
        self.on_progress = on_progress
        self.latest: FetchProgress | None = None
        self.last = time.monotonic()

    def __call__(self, progress: FetchProgress) -> None:
        is_new_phase = self.latest is None or progress.phase != self.latest.phase
        is_news = is_new_phase or progress.done == progress.total
        self.latest = progress
        if is_news or time.monotonic() - self.last >= PROGRESS_S:
            self._pass_on()

    def repeat(self) -> None:
        """Tell the latest once more when git has long said nothing: the fetch is alive."""
        if time.monotonic() - self.last >= SILENCE_S:
            self._pass_on()

    def _pass_on(self) -> None:
        self.last = time.monotonic()
        if self.on_progress is not None and self.latest is not None:
            self.on_progress(self.latest)


def _look(request: FetchRequest, deadline: float, throttle: _Throttle) -> None:
    _check_limits(request, deadline)
    throttle.repeat()


def _start(request: FetchRequest) -> subprocess.Popen[bytes]:
    package_root = Path(indexer.__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-s", "-P", "-m", "indexer.fetching.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could quote what the server sent
        cwd=request.home,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": request.home,
            "TMPDIR": request.home,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(package_root),
        },
        start_new_session=True,
    )


def _ask(stream: IO[bytes], request: FetchRequest) -> None:
    """Send the request and leave the pipe open: the child takes its end for ours."""
    with suppress(BrokenPipeError):  # a child that is gone already is noticed when reading
        stream.write(request_to_json(request).encode() + b"\n")
        stream.flush()


def _lines(stream: IO[bytes], look: Callable[[], None]) -> Iterator[str]:
    """Yield lines as they come, and look at the limits while none comes."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        next_look = 0.0
        while True:
            if time.monotonic() >= next_look:
                look()
                next_look = time.monotonic() + LOOK_S
            if not selector.select(LOOK_S):
                continue
            block = os.read(stream.fileno(), 65536)
            if not block:
                return
            *lines, rest = (rest + block).split(b"\n")
            yield from (line.decode() for line in lines)


def _check_limits(request: FetchRequest, deadline: float) -> None:
    limits: FetchLimits = request.limits
    if time.monotonic() > deadline:
        raise FetchFailed(
            "time_limit",
            f"The fetch took longer than {limits.wall_s:g} seconds and was stopped.",
        )
    if size_of(Path(request.mirror) / "objects") > limits.disk_bytes:
        raise FetchRefused(
            "disk_limit",
            f"The repository needs more than {limits.disk_bytes} bytes of disk, the limit for one "
            "source.",
        )


def size_of(folder: Path) -> int:
    """Return the bytes below a folder; files that vanish meanwhile count nothing."""
    total = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the whole group, git's helpers included, even when the child itself is done."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(BrokenPipeError):  # what was not written is not wanted any more
        cast(IO[bytes], child.stdin).close()
    cast(IO[bytes], child.stdout).close()
    child.wait()
