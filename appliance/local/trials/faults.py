"""The faults of a bad day, each with what ends it: programs killed or standing still, lines cut,
a full disk, a slow network, a clock that jumps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import redis

from appliance.local import postgres
from appliance.local.home import ROOT
from appliance.local.readiness import http_status
from appliance.local.trials import isolation
from appliance.local.trials.world import World

PROGRAMS = ("web", "worker", "worker-embed", "worker-ask", "scheduler", "valkey", "postgres")
MODEL = "model"
CUT_EVERY_S = 0.5
BLOCK = b"\0" * 2**20
FAKETIME = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
HOUR_S = 3600


@dataclass(slots=True)
class Stage:
    """Where faults happen."""

    world: World
    model: ModelServer
    clock_file: Path


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks, for how long, and how it is mended."""

    name: str
    begin: Callable[[Stage], None]
    end: Callable[[Stage], None] = lambda _: None
    hold_s: float = 0.0
    sets_clock: bool = False
    missing: str = ""  # why it cannot be tried on this machine


@dataclass(slots=True)
class ModelServer:
    """The paced fake model in a process of its own, which can be killed and comes back."""

    port: int
    log: Path
    pause_s: float = 0.05  # between the words
    process: psutil.Popen | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = (sys.executable, "-m", "inference.fake_server", "--mode", "slow")
        with self.log.open("ab") as log:
            self.process = psutil.Popen(
                [
                    *command,
                    "--port",
                    str(self.port),
                    "--window-tokens",
                    "16000",
                    "--pause-s",
                    str(self.pause_s),
                ],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 30
        while http_status(self.url, "/health") != 200:
            if time.monotonic() > deadline:
                raise SystemExit(f"the fake model did not start: {self.log.read_text()}")
            time.sleep(0.1)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)


def all_faults() -> list[Fault]:
    """Return the faults that leave the clock alone, in the order in which they are tried."""
    names = (*PROGRAMS, MODEL)
    return [
        *(_killed(name) for name in names),
        *(_stopped(name) for name in names),
        Fault("kill everything at once", _kill_all, lambda stage: stage.model.start()),
        Fault("database away", _halt_database, _start_database, hold_s=15),
        Fault("database lines cut", _cut_database_lines),
        Fault("broker lines cut", _cut_broker_lines),
        Fault("broker empty", _empty_broker),
        _slow(),
        _full(),
    ]


def clock_faults() -> list[Fault]:
    """Return the faults of the clock: they need programs that were started under libfaketime."""
    missing = (
        "" if can_set_clock() else "no libfaketime, or one under which this Python cannot wait"
    )
    return [
        Fault("clock an hour on", _clock_on, hold_s=10, sets_clock=True, missing=missing),
        Fault("clock an hour back", _clock_back, hold_s=10, sets_clock=True, missing=missing),
    ]


def can_set_clock() -> bool:
    """Return whether programs still wait rightly under libfaketime; with some Pythons they do not."""
    if faketime_library() is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        variables = faketime_variables(Path(folder) / "clock")
        waits = "import threading, time; time.sleep(0.05); threading.Event().wait(0.05)"
        try:
            command = (sys.executable, "-c", waits)
            subprocess.run(
                command, check=True, env=os.environ | variables, timeout=30, capture_output=True
            )
        except subprocess.SubprocessError:
            return False
    return True


def faketime_library() -> Path | None:
    found = [path for pattern in FAKETIME for path in Path("/").glob(pattern.lstrip("/"))]
    return found[0] if found else None


def faketime_variables(clock_file: Path) -> dict[str, str]:
    """Return what makes every program of the appliance take its time from this file."""
    library = faketime_library()
    if library is None:
        return {}
    clock_file.write_text("+0\n", encoding="utf-8")
    clock_file.chmod(0o644)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock_file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _killed(name: str) -> Fault:
    def begin(stage: Stage) -> None:
        process = _process(stage, name)
        process.kill()
        with suppress(psutil.TimeoutExpired):
            process.wait(5)

    def end(stage: Stage) -> None:
        if name == MODEL:
            stage.model.start()

    return Fault(f"kill {name}", begin, end, hold_s=3 if name == MODEL else 0)


def _stopped(name: str) -> Fault:
    """Let a program and its children stand still: it holds its locks and answers nobody."""
    held: list[psutil.Process] = []

    def begin(stage: Stage) -> None:
        process = _process(stage, name)
        held[:] = [process, *process.children(recursive=True)]
        _signal(held, signal.SIGSTOP)

    return Fault(f"stop {name}", begin, lambda _: _signal(held, signal.SIGCONT), hold_s=8)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _process(stage: Stage, name: str) -> psutil.Process:
    if name == MODEL:
        assert stage.model.process is not None  # noqa: S101  started before any fault
        return psutil.Process(stage.model.process.pid)
    state = stage.world.manager.state_of(name)
    if state is None or not state.pid:
        raise SystemExit(f"{name} does not run before its fault: {state}")
    return psutil.Process(state.pid)


def _kill_all(stage: Stage) -> None:
    processes = [_process(stage, name) for name in PROGRAMS]
    for process in [child for one in processes for child in one.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _signal(processes, signal.SIGKILL)
    stage.model.kill()


def _halt_database(stage: Stage) -> None:
    stage.world.manager.call("stopProcess", "services:postgres", True)


def _start_database(stage: Stage) -> None:
    stage.world.manager.call("startProcess", "services:postgres", False)


def _cut_database_lines(stage: Stage) -> None:
    sockets = stage.world.home.database_sockets
    address = postgres.address(sockets, role=postgres.SUPERUSER, database="postgres")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'plumbline'"
    with psycopg.connect(address, autocommit=True) as server:
        for _ in _beats():
            server.execute(others)


def _cut_broker_lines(stage: Stage) -> None:
    with _broker(stage) as client:
        for _ in _beats():
            client.client_kill_filter(_type="normal", skipme=True)


def _empty_broker(stage: Stage) -> None:
    with _broker(stage) as client:
        client.flushall()


def _broker(stage: Stage) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(stage.world.home.queue_socket))


def _beats(seconds: float = 8.0) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(CUT_EVERY_S)


def _slow() -> Fault:
    missing = "" if isolation.can_slow_network() else "no namespaces here, or no tc"
    begin, end = (lambda _: isolation.slow_network()), (lambda _: isolation.heal_network())
    return Fault("network slow", begin, end, hold_s=10, missing=missing)


def _full() -> Fault:
    missing = "" if isolation.is_isolated() else "the data folder has no disk of its own"
    return Fault("disk full", _fill, _empty, hold_s=12, missing=missing)


def _filling(stage: Stage) -> Path:
    return stage.world.home.folder / "filling"


def _fill(stage: Stage) -> None:
    with suppress(OSError), _filling(stage).open("wb", buffering=0) as stream:
        while stream.write(BLOCK):
            pass
    with suppress(OSError), _filling(stage).open("ab", buffering=0) as stream:
        while stream.write(b"\0"):  # what a whole block did not fit in
            pass


def _empty(stage: Stage) -> None:
    _filling(stage).unlink(missing_ok=True)


def _clock_on(stage: Stage) -> None:
    _set_clock(stage, HOUR_S)


def _clock_back(stage: Stage) -> None:
    _set_clock(stage, 0)


def _set_clock(stage: Stage, seconds: int) -> None:
    # Replaced in one step: a program may read it at any moment.
    new = stage.clock_file.with_suffix(".new")
    new.write_text(f"{seconds:+d}\n", encoding="utf-8")
    new.chmod(0o644)
    new.replace(stage.clock_file)
