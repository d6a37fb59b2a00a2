"""The database's log and its replica: any moment comes back, and a lost server is replaced.

With real servers; each drill prints what was lost and how long it took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from threading import Thread

import pyrage
import pytest

from appliance.local import postgres
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.logarchive import archiving, places
from appliance.web.backups.logarchive.recovering import recover
from tests.clusters import ROOT, Cluster, clusters

pytestmark = pytest.mark.services

# Records in the audit as the product does, and says which numbers are surely kept.
WRITER = """
import sys, time
import django
django.setup()
from django.db import close_old_connections
from appliance.audit.actions import Action
from appliance.audit.errors import NotRecorded
from appliance.audit.recording import Target, record
while True:
    close_old_connections()
    try:
        event = record(Action.BACKED_UP, actor="drill", target=Target("backup"))
        print("kept", event.sequence, time.time(), flush=True)
    except Exception as exc:
        print("refused", type(exc).__name__, time.time(), flush=True)
    time.sleep(0.05)
"""


class Writing:
    """The product at work, in a process of its own."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER],
            cwd=ROOT,
            env=environment(url),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        self.said: Queue[list[str]] = Queue()
        self.newest = (0, 0.0)
        self.listener = Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.put(line.decode().split())

    def next(self, word: str) -> tuple[str, float]:
        """Wait for the next line that begins with a word; return what it names, and its time."""
        while True:
            found, name, at = self.said.get(timeout=60)
            if found == "kept":
                self.newest = (int(name), float(at))
            if found == word:
                return name, float(at)

    def last_kept(self) -> tuple[int, float]:
        """Return the newest number that the product was told is kept, until it was refused one."""
        self.next("refused")
        return self.newest

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def environment(url: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.drill_settings",
        "PLUMBLINE_DATABASE_URL": url,
        "PYTHONWARNINGS": "ignore",
    }


def product_url(*servers: Cluster) -> str:
    hosts = ",".join(str(server.sockets) for server in servers)
    return f"postgresql://plumbline@/plumbline?host={hosts}&target_session_attrs=read-write"


@pytest.fixture
def servers() -> Iterator[list[Cluster]]:
    """A server with the product's tables, and room for another."""
    with clusters(Path(tempfile.mkdtemp(prefix="pl-", dir="/tmp")), "a", "b") as made:
        made[0].folder.parent.chmod(0o711)
        made[0].start()
        postgres.ensure_database(made[0].sockets)
        with made[0].connect() as connection:
            connection.execute("ALTER SYSTEM SET archive_timeout = '2s'")
            # Programs are killed here, and no machine: the system's memory is safe enough.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
            cwd=ROOT, env=environment(product_url(made[0])), check=True, capture_output=True,
        )  # fmt: skip
        yield made


def say(sentence: str) -> None:
    sys.stdout.write(f"\n{sentence}\n")


def archive_of(server: Cluster, folder: Path, recipients: tuple[str, ...]) -> archiving.Archive:
    url = postgres.address(server.sockets, role=postgres.SUPERUSER, database="")
    return archiving.Archive(url, folder / "spool", folder / "archive", recipients)


def wait_until_it_takes_writes(server: Cluster) -> None:
    while server.value("SELECT pg_is_in_recovery()"):
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_moment_comes_back(servers: list[Cluster], tmp_path: Path) -> None:
    server, other = servers
    key = pyrage.x25519.Identity.generate()
    archive = archive_of(server, tmp_path, (str(key.to_public()),))
    archiving.prepare(archive)
    archiving.copy_base(archive)
    keeping = Thread(target=_keep, args=(archive,), daemon=True)
    keeping.start()
    time.sleep(2)
    writing = Writing(product_url(server))
    for _ in range(39):
        writing.next("kept")
    sequence, at = writing.next("kept")
    moment, expected = datetime.fromtimestamp(at, UTC), int(sequence)
    time.sleep(8)  # more happens, which is not wanted
    server.kill()
    last, last_at = writing.last_kept()
    writing.end()
    keeping.join(30)
    archiving.store_finished(archive)
    for to in (moment, None):
        started = time.monotonic()
        made = recover(archive.folder, other.files, to, [key])
        other.start()
        wait_until_it_takes_writes(other)
        took = time.monotonic() - started
        newest = int(str(other.value("SELECT max(sequence) FROM audit_event", "plumbline")))
        if to is None:
            at_newest = other.value("SELECT max(at) FROM audit_event", "plumbline")
            assert isinstance(at_newest, datetime)
            lost_s = last_at - at_newest.timestamp()
            say(f"newest: {last - newest} records lost, {lost_s:.1f} s; back after {took:.1f} s")
            assert expected < newest <= last
            assert lost_s < 10
        else:
            say(f"to a moment: record {newest} of {last}, back after {took:.1f} s")
            # The time in the record is that of its making, a moment before it was kept.
            assert newest in (expected, expected + 1)
        assert made.pieces > 1
        other.kill()
        subprocess.run(["rm", "-rf", other.folder], check=True)
    for file in (archive.folder / places.LOG).iterdir():
        assert file.read_bytes().startswith(b"age-encryption.org/v1\n")


def _keep(archive: archiving.Archive) -> None:
    try:
        archiving.keep(archive, 600)
    except BackupFailed:
        return  # the server was killed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_replica_takes_over_and_the_product_goes_on(servers: list[Cluster]) -> None:
    server, replica = servers
    replica.folder.mkdir(mode=0o700)
    subprocess.run(
        [
            postgres.binaries() / "pg_basebackup", "--pgdata", replica.files, "--write-recovery-conf",
            "--create-slot", "--slot=replica_b", "--checkpoint=fast", "--host", server.sockets,
            "--username", postgres.SUPERUSER,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    replica.start()
    while server.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") != 1:
        time.sleep(0.1)
    writing = Writing(product_url(server, replica))
    for _ in range(20):
        writing.next("kept")
    killed_at = time.time()
    server.kill()
    last = writing.last_kept()[0]
    replica.value("SELECT pg_promote()")
    first, back_at = writing.next("kept")
    writing.end()
    say(
        f"{last - int(first) + 1} records lost; writes again {back_at - killed_at:.1f} s after the kill"
    )
    assert int(first) >= last  # one record may be on its way
    done = subprocess.run(
        [sys.executable, "manage.py", "audit", "verify"],
        cwd=ROOT, env=environment(product_url(server, replica)), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
