"""What the tests of the queue stand on: a broker that can be killed, a bad line to it, real workers."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import redis

from appliance.local import valkey
from indexer.models import Job, Source
from inference.fake_server import FakeServer
from tests.processes import ROOT, product_environment
from tests.waiting import wait_until

WORKER = "tests.indexer.ingestion.queue_worker"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset instead of an orderly end
BLOCK = 65536


def all_ended(kind: str = Job.Kind.SYNC) -> bool:
    active = (Job.State.QUEUED, Job.State.RUNNING)
    return not Job.objects.filter(kind=kind, state__in=active).exists()


def started_jobs(record: Path) -> list[int]:
    """Return the ids of the jobs in the order in which workers were handed them."""
    return [int(line) for line in record.read_text().split()] if record.exists() else []


def many_sources(names: str, count: int, location: Path) -> list[Source]:
    """Connect one repository under many names; it is a mirror and a job for each all the same."""
    return Source.objects.bulk_create(
        Source(
            name=f"{names}{number}",
            kind=Source.Kind.PATH,
            location=str(location),
            from_command_line=True,
        )
        for number in range(count)
    )


class Broker:
    """The product's own Valkey; after a kill it comes back with nothing."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="plumbline-queue-"))
        self.socket = self.folder / "valkey.sock"
        self.url = valkey.address(self.socket)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = valkey.server_command(self.socket, self.folder)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: valkey.answers(self.socket), "an answer of the broker", within_s=120)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)

    def messages(self, queue: str = "sync") -> int:
        """Return how many messages wait in a queue, or were handed out and not answered for."""
        with redis.Redis.from_url(self.url.replace("redis+socket", "unix")) as client:
            return int(client.llen(queue)) + int(client.hlen("unacked"))


@contextmanager
def running_broker() -> Iterator[Broker]:
    broker = Broker()
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(broker.folder, ignore_errors=True)


class Line:
    """A TCP port that leads to the broker: it can cut every connection, or swallow every byte."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.is_deaf = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Reset every connection; return how many there were."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.shutdown(socket.SHUT_RD)  # wakes the thread that reads it
            end.close()
        return len(ends)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self.broker.socket))
            except OSError:
                near.close()
                far.close()
                continue
            self._ends.append(near)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(BLOCK):
                if not self.is_deaf:
                    target.sendall(content)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def running_worker(
    home: Path,
    url: str,
    models: FakeServer,
    *options: str,
    concurrency: int = 1,
    settings: Mapping[str, str] | None = None,
) -> Iterator[psutil.Popen]:
    """Run a worker for syncs and embeddings in a process of its own, until it is killed."""
    environment = product_environment(
        home,
        PLUMBLINE_BROKER_URL=url,
        PLUMBLINE_EMBEDDING="server",
        PLUMBLINE_EMBEDDING_URL=models.url,
        PLUMBLINE_EMBEDDING_MODEL="fake-embedder",
        PLUMBLINE_READERS="1",
        **(settings or {}),
    )
    log = (home / f"worker-{os.getpid()}.log").open("ab")
    worker = psutil.Popen(
        [sys.executable, "-m", WORKER, "--concurrency", str(concurrency), *options],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        yield worker
    finally:
        kill_tree(worker)
        log.close()


def kill_tree(worker: psutil.Popen) -> None:
    """Kill a worker with its readers and its git, all at once."""
    with suppress(psutil.NoSuchProcess):
        for process in [*worker.children(recursive=True), worker]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    worker.wait(10)
