"""Keeping the log: PostgreSQL sends it while it writes it, and each finished piece goes into the archive.

The server keeps what was not fetched (a replication slot), so a stop of this program loses nothing; how
much it keeps is limited there, because a full disk would stop the database.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from appliance.web.backups import postgres
from appliance.web.backups.archive import alone
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.logarchive import places
from appliance.web.backups.logarchive.sealing import seal

logger = logging.getLogger(__name__)

SLOT = "plumbline_archive"
MAKE_SLOT = f"CREATE_REPLICATION_SLOT {SLOT} PHYSICAL RESERVE_WAL"
START = re.compile(r"write-ahead log start point: ([0-9A-F]+/[0-9A-F]+) on timeline (\d+)")
PASSED = ("PATH", "HOME", "PGSSLMODE", "PGSSLROOTCERT")
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
LOOK_S = 1.0
STOP_S = 20


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the log comes from, where it waits as it came, and where it goes, encrypted."""

    url: str
    spool: Path
    folder: Path
    recipients: tuple[str, ...]


def prepare(archive: Archive) -> None:
    """Make the folders, and the server's promise to keep the log. Raises BackupFailed."""
    for path in (archive.spool, archive.folder / places.BASES, archive.folder / places.LOG):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    # From this moment on: pg_receivewal's own way to make a slot keeps nothing before it first asks.
    done = subprocess.run(  # noqa: S603  fixed program, no shell
        _command(
            "psql", "--no-psqlrc", f"--command={MAKE_SLOT}", "dbname=postgres replication=true"
        ),
        env=_environment(archive),
        capture_output=True,
        text=True,
    )
    if done.returncode and "already exists" not in done.stderr:
        raise BackupFailed(f"The database does not keep its log: {done.stderr.strip()[-500:]}")


def copy_base(archive: Archive) -> places.Base:
    """Copy the whole database into the archive, while it is used; then forget what no copy needs."""
    with alone(archive.folder / places.BASES):
        return _copied(archive)


def _copied(archive: Archive) -> places.Base:
    options = ["--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--pgdata=-", "--verbose"]
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  fixed program, no shell
            _command("pg_basebackup", *options),
            env=_environment(archive),
            stdout=subprocess.PIPE,
            stderr=words,
        )
        assert process.stdout is not None  # noqa: S101  asked for above
        bases = archive.folder / places.BASES
        try:
            unfinished = seal(process.stdout, bases, "unfinished", archive.recipients)
        finally:
            process.stdout.close()
            code = process.wait()
        words.seek(0)
        said = words.read(100_000).decode("utf-8", "replace")
    found = START.search(said)
    if code or found is None:
        unfinished.unlink()
        raise BackupFailed(f"pg_basebackup failed: {said[-500:].strip()}")
    first_piece = places.piece_at(int(found[2]), found[1])
    name = places.base_name(datetime.now(UTC) + timedelta(seconds=1), first_piece)
    unfinished.rename(bases / unfinished.name.replace("unfinished", name))
    removed = places.prune(archive.folder)
    logger.info("database copied removed=%s", len(removed))
    return places.bases_in(archive.folder)[-1]


def keep(archive: Archive, seconds: float | None = None) -> int:
    """Keep the log, for ever or for some seconds; return how many pieces were kept.

    Raises BackupFailed when PostgreSQL sends no more: whoever started this starts it again.
    """
    until = None if seconds is None else time.monotonic() + seconds
    kept = 0
    with alone(archive.spool):  # two would write the same piece into each other's file
        with _receiving(archive) as process:
            while until is None or time.monotonic() < until:
                kept += store_finished(archive)
                if process.poll() is not None:
                    raise BackupFailed(
                        "PostgreSQL sends its log no longer; the next start goes on."
                    )
                time.sleep(LOOK_S)
        return kept + store_finished(archive)


def store_finished(archive: Archive) -> int:
    """Seal the finished pieces into the archive and return their number; half a piece waits."""
    finished = [
        path for path in sorted(archive.spool.iterdir()) if places.PIECE.fullmatch(path.name)
    ]
    for path in finished:
        with path.open("rb") as stream:
            seal(stream, archive.folder / places.LOG, path.name, archive.recipients)
        path.unlink()
    return len(finished)


@contextmanager
def _receiving(archive: Archive) -> Iterator[subprocess.Popen[bytes]]:
    options = [f"--directory={archive.spool}", f"--slot={SLOT}", "--no-loop"]
    command = _command("pg_receivewal", *options)
    process = subprocess.Popen(command, env=_environment(archive))  # noqa: S603  fixed program, no shell
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(name: str, *options: str) -> list[str]:
    return [postgres.program(name), "--no-password", *options]


def _environment(archive: Archive) -> dict[str, str]:
    """Say where the server is in the environment: a list of processes shows a command's arguments."""
    passed = {"LC_ALL": "C"} | {name: os.environ[name] for name in PASSED if name in os.environ}
    try:
        told = conninfo_to_dict(archive.url)
    except psycopg.ProgrammingError:  # without the address: it may hold a password
        raise BackupFailed("PLUMBLINE_REPLICATION_URL is not an address of PostgreSQL.") from None
    return passed | {VARIABLES[name]: str(told[name]) for name in VARIABLES if told.get(name)}
