"""Break a real model server in several ways: what does an asker see, and how long until all is well?

    python -m inference.bench.faults --env .venv-vllm [--only engine-killed] [--model FOLDER]

Each fault starts vLLM with the small model (inference.serving launch) and breaks it: its engine, or the
server itself, is killed in the middle of an answer; a model file is changed; there is too little memory.
Beside it stands a second, fake server, so that the next question has somewhere to go. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil

from inference.bench.latency import SALT
from inference.client import ChatClient
from inference.connection import open_http
from inference.errors import InferenceError
from inference.fake_server import serving
from inference.nodes import NodesTransport, chosen
from inference.packages import default_cache_folder
from inference.protocol import ChatDelta, ChatMessage, ChatRequest
from inference.serving.health import wait_until_healthy
from inference.serving.manifest import make_manifest, write_manifest
from inference.serving.profiles import get_profile
from inference.serving.small_model import small_model_folder
from inference.testing import Script

START_S, END_S = 900.0, 120.0
WORDS_BEFORE = 5  # of an answer, before something is killed
TOO_LITTLE_MEMORY = 3 * 1024**3
STORY = ChatRequest(
    (ChatMessage("user", "Write a very long story about a lighthouse keeper."),),
    max_tokens=400,
    cache_salt=SALT,
)
SHORT = ChatRequest((ChatMessage("user", "Say yes."),), max_tokens=4, cache_salt=SALT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one fault. Seconds count from the fault; None: it does not apply."""

    fault: str
    seen: str  # by who waits, or the last line of the log
    words_before: int = 0
    seen_s: float | None = None  # until the asker knows
    elsewhere_s: float | None = None  # the next question, answered by the other server
    ended_s: float | None = None  # until the broken server's processes were gone
    orphans: int = 0  # processes that stayed, and had to be killed
    start_s: float | None = None  # from a new start to health
    back_s: float | None = None  # from health until questions go there again by themselves


@dataclass(frozen=True, slots=True)
class Started:
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def tree(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


@dataclass(frozen=True, slots=True)
class Bench:
    env_folder: Path
    model: Path
    folder: Path  # for logs and copies

    def command(self, port: int, *more: str) -> list[str]:
        options = ["--env", str(self.env_folder), "--port", str(port), *more]
        return [sys.executable, "-m", "inference.serving", "launch", *options]

    @contextmanager
    def started(self, port: int) -> Iterator[Started]:
        log = self.folder / "vllm.log"
        with (
            log.open("ab") as output,
            subprocess.Popen(  # noqa: S603 - our own command
                self.command(port, "--model", str(self.model)),
                stdout=output,
                stderr=output,
                start_new_session=True,
            ) as process,
        ):
            started = Started(process, f"http://127.0.0.1:{port}", log)
            try:
                with open_http(started.url) as http:
                    wait_until_healthy(
                        http, timeout_s=START_S, is_running=lambda: process.poll() is None
                    )
                yield started
            finally:
                _end(process)


def killed(bench: Bench, fault: str, victim: Callable[[Started], psutil.Process]) -> Outcome:
    """Kill a process in the middle of an answer; ask again at once; start anew; wait to be asked."""
    port = _free_port()
    with (
        serving(Script(text="yes", model=_served_name())) as other,
        open_http(f"http://127.0.0.1:{port},{other.url}", read_timeout_s=60) as http,
    ):
        with bench.started(port) as server:
            tree = server.tree()
            told = _broken_answer(http, partial(victim, server))
            asked = time.monotonic()
            _client(http, _thread_of_first(http)).complete(SHORT)
            elsewhere = time.monotonic() - asked
            ended, orphans = _until_gone(tree, since=told.at)
        begun = time.monotonic()
        with bench.started(port):
            start = time.monotonic() - begun
            back = _until_awake(http)
    return Outcome(
        fault,
        told.seen,
        words_before=told.words,
        seen_s=round(told.seconds, 3),
        elsewhere_s=round(elsewhere, 3),
        ended_s=ended,
        orphans=orphans,
        start_s=round(start, 1),
        back_s=back,
    )


def spoiled(bench: Bench) -> Outcome:
    """Change one byte of a file of a model that has a manifest."""
    copy = bench.folder / "spoiled"
    shutil.copytree(bench.model, copy, copy_function=os.link)
    write_manifest(copy, make_manifest(copy, name="spoiled", licence="-", origin="-"))
    file = copy / "tokenizer.json"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()  # a link: the model itself stays whole
    file.write_bytes(content)
    return _refused(bench, "file-changed", "--model", str(copy), "--verified")


def starved(bench: Bench) -> Outcome:
    """Load with less memory than the model takes."""
    limit = (TOO_LITTLE_MEMORY, TOO_LITTLE_MEMORY)
    return _refused(
        bench,
        "memory-short",
        "--model",
        str(bench.model),
        before=partial(resource.setrlimit, resource.RLIMIT_AS, limit),
    )


def _refused(
    bench: Bench, fault: str, *options: str, before: Callable[[], None] | None = None
) -> Outcome:
    log = bench.folder / f"{fault}.log"
    begun = time.monotonic()
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - our own command
            bench.command(_free_port(), *options),
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=before,
        ) as process,
    ):
        try:
            code = process.wait(START_S)
        finally:
            _end(process)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    seen = f"exit code {code}: {lines[-1][-200:] if lines else ''}"
    return Outcome(fault, seen, ended_s=round(time.monotonic() - begun, 1))


@dataclass(frozen=True, slots=True)
class Told:
    seen: str
    words: int
    at: float  # when something was killed
    seconds: float  # from there until the asker knew


def _broken_answer(http: httpx.Client, victim: Callable[[], psutil.Process]) -> Told:
    stream = _client(http, _thread_of_first(http)).stream(STORY)
    words, at, seen = 0, 0.0, "the answer went on to its end"
    try:
        for event in stream:
            words += isinstance(event, ChatDelta)
            if words == WORDS_BEFORE and not at:
                victim().kill()
                at = time.monotonic()
    except InferenceError as exc:
        seen = f"{type(exc).__name__}: {exc}"
    return Told(seen, words, at, time.monotonic() - at)


def _client(http: httpx.Client, thread: str) -> ChatClient:
    return ChatClient(http, _served_name(), has_others=True).for_thread(thread)


def _served_name() -> str:
    return get_profile("cpu-small").served_name


def _thread_of_first(http: httpx.Client) -> str:
    """Return a thread whose requests go to the first server, which is the real one."""
    nodes = _transport(http).nodes
    names = (str(number) for number in range(10_000))
    return next(name for name in names if chosen(nodes, f"{name} {SALT}") is nodes[0])


def _transport(http: httpx.Client) -> NodesTransport:
    transport = http._transport
    assert isinstance(transport, NodesTransport)  # noqa: S101 - of two addresses
    return transport


def _until_awake(http: httpx.Client) -> float:
    begun = time.monotonic()
    while _transport(http).nodes[0].is_resting and time.monotonic() - begun < END_S:
        time.sleep(0.05)
    return round(time.monotonic() - begun, 1)


def _until_gone(tree: Sequence[psutil.Process], *, since: float) -> tuple[float, int]:
    """Return the seconds until a server's processes had ended, and how many had to be killed."""
    _, alive = psutil.wait_procs(tree, timeout=30)
    for process in alive:
        process.kill()
    return round(time.monotonic() - since, 1), len(alive)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _engine_of(server: Started) -> psutil.Process:
    return next(one for one in server.tree() if "EngineCore" in "".join(one.cmdline()))


def _server_of(server: Started) -> psutil.Process:
    return psutil.Process(server.process.pid)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


FAULTS: dict[str, Callable[[Bench], Outcome]] = {
    "file-changed": spoiled,
    "memory-short": starved,
    "engine-killed": lambda bench: killed(bench, "engine-killed", _engine_of),
    "server-killed": lambda bench: killed(bench, "server-killed", _server_of),
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="inference.bench.faults",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--env", type=Path, default=Path(".venv-vllm"))
    parser.add_argument("--model", type=Path, help="a model folder (default: the small one)")
    parser.add_argument("--only", choices=list(FAULTS))
    options = parser.parse_args(arguments)
    model = (options.model or small_model_folder(default_cache_folder())).absolute()
    outcomes = []
    # Beside the model: links do not reach over file systems.
    with tempfile.TemporaryDirectory(prefix="faults-", dir=model.parent) as folder:
        bench = Bench(options.env.absolute(), model, Path(folder))
        for name in [options.only] if options.only else FAULTS:
            outcomes.append(FAULTS[name](bench))
            print(outcomes[-1], flush=True)
    print(json.dumps({"bench": "faults", "outcomes": [asdict(one) for one in outcomes]}))


if __name__ == "__main__":
    main()
