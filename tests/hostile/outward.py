"""A reading child that tries every way out, as code in C would: python -m tests.hostile.outward."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable

from indexer.confined import child, prepare
from indexer.confined.protocol import Answer

IO_URING_SETUP = 425  # the same number on every architecture
LIBC = ctypes.CDLL(None, use_errno=True)


def opened(family: int, kind: int = socket.SOCK_STREAM) -> None:
    """Open a socket past Python's own hooks."""
    checked(LIBC.socket(family, int(kind), 0))


def checked(returned: int) -> None:
    if returned < 0:
        raise OSError(ctypes.get_errno(), "refused")


WAYS: dict[str, Callable[[], object]] = {
    "inet": lambda: opened(socket.AF_INET),
    "inet6": lambda: opened(socket.AF_INET6),
    "udp": lambda: opened(socket.AF_INET, socket.SOCK_DGRAM),
    "netlink": lambda: opened(socket.AF_NETLINK, socket.SOCK_RAW),
    "packet": lambda: opened(socket.AF_PACKET, socket.SOCK_RAW),
    "vsock": lambda: opened(socket.AF_VSOCK),
    "unix": lambda: opened(socket.AF_UNIX),
    "io_uring": lambda: checked(LIBC.syscall(IO_URING_SETUP, 1, ctypes.create_string_buffer(120))),
    "program": lambda: checked(LIBC.execve(b"/bin/true", None, None)),
    "name": lambda: socket.getaddrinfo("q7w2e9.canary.test", 443),
}


def try_all(
    oid: str, path: str, content: bytes, *, max_bytes: int, by_lines: bool = False
) -> Answer:
    told = []
    for name, way in WAYS.items():
        try:
            way()
        except OSError as exc:
            told.append(f"{name} {exc.errno or type(exc).__name__}")
        else:
            told.append(f"{name} OPEN")
    return Answer(oid=oid, size_bytes=0, text="\n".join(told))


prepare.prepare = try_all

if __name__ == "__main__":
    child.main()
