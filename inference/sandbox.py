"""One command in bubblewrap: no network, nothing of this machine but /usr, and bounds on everything.

The tree is shown read-only and copied into memory, so nothing that is run can write to a disk. What
the kernel bounds for a process (address space, file size, processor time) is set before it starts;
what only counts together (memory, processes) is looked at twenty times a second, and the whole
namespace is ended at once. See docs/decisions for what this does not protect from.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import psutil

OUTPUT_BYTES = 256 * 1024  # after which a run is ended
PROCESSES = 128
SCRATCH_BYTES = 64 * 1024**2  # of /tmp and /dev/shm, each
NOBODY = 65534
LOOK_S = 0.05
GONE_S = 10.0  # until what was ended is gone
BLOCK = 65536
# Copied there, because tests write beside what they test.
SCRIPT = 'cp -R /source/. /work && cd /work && exec sh -c "$1"'
PATHS = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use."""

    seconds: int
    memory_bytes: int  # of all processes together; each has as much address space
    disk_bytes: int  # of the folder that it works in, which lies in memory
    folders: tuple[Path, ...] = ()  # shown read-only, beside /usr
    processes: int = PROCESSES
    output_bytes: int = OUTPUT_BYTES


TRIAL = Limits(seconds=10, memory_bytes=512 * 1024**2, disk_bytes=1024**2)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, and what it said."""

    status: int | None  # None: it was ended
    output: bytes
    ended: str = ""  # why it was ended: "ran longer than 60 seconds"
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.status == 0


class SandboxUnusable(Exception):
    """This machine cannot confine a command."""


def run_confined(
    command: str, tree: Path, limits: Limits, is_stopped: Callable[[], bool] = lambda: False
) -> Ran:
    """Run a shell command in a copy of a tree, until it ends or is stopped. Raises SandboxUnusable.

    The tree is a folder of this run alone: when root runs this, it becomes that of nobody, who then
    runs the command. The kernel counts no processes of root.
    """
    _hand_over(tree)
    started = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - our words; the command is the admin's
            [*_bounds(limits), *_walls(tree, limits), "sh", "-c", SCRIPT, "sandbox", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath},
            cwd="/",
        )
    except OSError as exc:
        raise SandboxUnusable(f"bubblewrap cannot be started: {exc.strerror}.") from exc
    with process:
        try:
            output, ended = _followed(process, limits, started + limits.seconds, is_stopped)
        finally:
            _end(process)
    status = None if ended else process.wait()
    return Ran(status, output, ended, round(time.monotonic() - started, 2))


def problem() -> str:
    """Return why the sandbox cannot be used on this machine; empty: it can."""
    try:
        with tempfile.TemporaryDirectory(prefix="plumbline-trial-") as tree:
            ran = run_confined("true", Path(tree), TRIAL)
    except SandboxUnusable as exc:
        return str(exc)
    if ran.passed:
        return ""
    return (
        ran.output.decode("utf-8", "replace").strip().split("\n")[0][:200] or "a trial run failed"
    )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SandboxUnusable(f"{name} is not installed")
    return found


def _hand_over(tree: Path) -> None:
    if os.geteuid():
        return
    for path in (tree, *tree.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def _as_nobody() -> list[str]:
    if os.geteuid():
        return []
    user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return [_program("setpriv"), *user, "--"]


def _bounds(limits: Limits) -> list[str]:
    return [
        # Whatever it starts, who watches it comes first.
        *(_program("nice"), "-n", "19"),
        *_as_nobody(),
        _program("prlimit"),
        f"--as={limits.memory_bytes}",
        f"--fsize={limits.disk_bytes}",
        f"--cpu={limits.seconds + 1}",
        "--core=0",
        "--",
    ]


def _walls(tree: Path, limits: Limits) -> list[str]:
    words = [
        _program("bwrap"),
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
    ]
    words += ["--new-session", "--cap-drop", "ALL", "--clearenv", "--hostname", "sandbox"]
    words += ["--uid", str(NOBODY), "--gid", str(NOBODY), "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        folder = Path("/", name)
        if folder.is_symlink():
            words += ["--symlink", f"usr/{name}", str(folder)]
        else:
            words += ["--ro-bind-try", str(folder), str(folder)]
    for name in ("alternatives", "ld.so.cache"):
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for folder_name, size in (
        ("/tmp", SCRATCH_BYTES),  # noqa: S108  a memory disk of the sandbox's own
        ("/dev/shm", SCRATCH_BYTES),  # noqa: S108
        ("/work", limits.disk_bytes),
    ):
        words += ["--size", str(size), "--tmpfs", folder_name]
    for folder in limits.folders:
        words += ["--ro-bind", str(folder), str(folder)]
    words += ["--ro-bind", str(tree), "/source"]
    # What bubblewrap itself mounted is writable and has no size: it is closed at last.
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in (("PATH", PATHS), ("HOME", "/tmp"), ("LANG", "C.UTF-8")):  # noqa: S108
        words += ["--setenv", name, value]
    return [*words, "--chdir", "/work", "--", "prlimit", f"--nproc={limits.processes}", "--"]


def _followed(
    process: subprocess.Popen[bytes],
    limits: Limits,
    deadline: float,
    is_stopped: Callable[[], bool],
) -> tuple[bytes, str]:
    """Return what is said, and why it had to be ended."""
    output = b""
    for block in _blocks(process):
        output += block
        if len(output) > limits.output_bytes:
            return output[: limits.output_bytes], "said more than it may"
        if time.monotonic() > deadline:
            return output, f"ran longer than {limits.seconds} seconds"
        if is_stopped():
            return output, "was stopped"
        if excess := _excess(process.pid, limits):
            return output, excess
    return output, ""


def _blocks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield what is written as it comes, and nothing now and then, until the run has ended."""
    stream = cast(IO[bytes], process.stdout)
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(LOOK_S):
                yield b""
                continue
            block = os.read(stream.fileno(), BLOCK)
            if not block:
                return
            yield block


def _excess(pid: int, limits: Limits) -> str:
    """Say what all processes together have too much of; empty: nothing."""
    memory = 0
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return ""
    if len(below) > limits.processes:
        return f"started more than {limits.processes} processes"
    for child in below:
        with suppress(psutil.Error):
            memory += child.memory_info().rss
    if memory > limits.memory_bytes:
        return f"took more than {limits.memory_bytes // 1024**2} MB of memory"
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the first process of the namespace: the kernel ends all others with it, and in a moment."""
    first = _children(process.pid)
    namespaces = {_namespace(pid) for pid in first} - {_namespace(os.getpid()), ""}
    for pid in (*first, process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + GONE_S
    while time.monotonic() < deadline and _is_anyone_in(namespaces):
        time.sleep(LOOK_S)


def _children(pid: int) -> list[int]:
    """Return the processes that bubblewrap itself started: quick, however many there are in all."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def _is_anyone_in(namespaces: set[str]) -> bool:
    """Look for processes that were started after those that we know: a fork bomb is quick."""
    return bool(namespaces) and any(_namespace(pid) in namespaces for pid in psutil.pids())


def _namespace(pid: int) -> str:
    """Return the process namespace of a process, nothing when it has ended."""
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""
