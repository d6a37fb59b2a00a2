"""PostgreSQL servers of a test's own, from the wheel: they are killed, followed, and brought back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from appliance.local import postgres

START_S = 60
ROOT = Path(__file__).parents[1]


class Cluster:
    """One server: `folder/18` holds its files, `folder/run` its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def files(self) -> Path:
        return self.folder / postgres.VERSION

    @property
    def sockets(self) -> Path:
        return self.folder / "run"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        url = postgres.address(self.sockets, role=postgres.SUPERUSER, database=database)
        return psycopg.connect(url, autocommit=True)

    def value(self, statement: str, database: str = "postgres") -> object:
        with self.connect(database) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None

    def start(self) -> None:
        """Start the server and wait until it answers; files that were put there are taken over."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, postgres.system_user_id(), 0)
        folders = [str(self.folder), str(self.sockets)]
        command = [sys.executable, "-m", "appliance.local.postgres", *folders]
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_S
        while not postgres.accepts_connections(self.sockets):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.folder.with_suffix(".log").read_text()[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """End the server and all it started, as a power cut does."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)


@contextmanager
def clusters(folder: Path, *names: str) -> Iterator[list[Cluster]]:
    """Yield servers that are not started yet, and end what runs of them."""
    made = [Cluster(folder / name) for name in names]
    try:
        yield made
    finally:
        for one in made:
            one.kill()
        shutil.rmtree(folder, ignore_errors=True)
