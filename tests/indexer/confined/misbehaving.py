"""A reading child whose parser does what the path of the file says: python -m ...misbehaving."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from indexer.confined import child, prepare
from indexer.confined.protocol import Answer

child.CPU_S = 1  # type: ignore[attr-defined]
real = prepare.prepare


def misbehave(
    oid: str, path: str, content: bytes, *, max_bytes: int, by_lines: bool = False
) -> Answer:
    deed = path.partition(".")[0]
    if deed == "impostor":
        return Answer(oid="f" * 40, size_bytes=1, text="of another file")
    if deed == "tell":
        return Answer(oid=oid, size_bytes=0, text=_told(content.decode()))
    if deed in DEEDS:
        DEEDS[deed](content)
    if deed in PARSER_DEEDS and not by_lines:
        DEEDS[PARSER_DEEDS[deed]](content)
    return real(oid, path, content, max_bytes=max_bytes, by_lines=by_lines)


def _die_once(content: bytes) -> None:
    mark = Path(content.decode())
    if not mark.exists():  # the test makes it after a moment
        os.kill(os.getpid(), signal.SIGKILL)


def _spin(_content: bytes) -> None:
    while True:
        pass


def _say(answer: bytes) -> None:
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


DEEDS: dict[str, Callable[[bytes], object]] = {
    "segfault": lambda _: ctypes.string_at(0),
    "abort": lambda _: os.abort(),
    "exit": lambda _: os._exit(3),
    "once": _die_once,
    "hang": lambda _: time.sleep(60),
    "spin": _spin,
    "chatter": lambda _: _say(b"\x00\x00\x00\x04junk"),
    "endless": lambda _: _say(b"\xff\xff\xff\xff"),
    "memory": lambda _: bytearray(2 * 1024**3),
}


# What only the parser of a language does: without it the file is read.
PARSER_DEEDS = {"parser-spins": "spin", "parser-crashes": "segfault"}


def _told(address: str) -> str:
    """Try what a reader may not do; return what came of each attempt."""
    told = [f"environment {sorted(os.environ)}"]
    for name, attempt in (
        ("connect", lambda: socket.create_connection(("127.0.0.1", int(address)), timeout=2)),
        ("raw", lambda: _connect_without_python(int(address))),
        ("write", lambda: Path(f"/tmp/plumbline-reader-{os.getpid()}").write_text("x")),  # noqa: S108
        ("run", lambda: os.system("true")),  # noqa: S605
    ):
        try:
            attempt()
        except BaseException as exc:  # noqa: BLE001  whatever stops it is told
            told.append(f"{name} {type(exc).__name__}")
        else:
            told.append(f"{name} worked")
    Path(f"/tmp/plumbline-reader-{os.getpid()}").unlink(missing_ok=True)  # noqa: S108
    return "\n".join(told)


def _connect_without_python(port: int) -> None:
    """Connect as code in C would, past Python's own hooks."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = (
        socket.AF_INET.to_bytes(2, sys.byteorder)
        + port.to_bytes(2)
        + bytes((127, 0, 0, 1))
        + bytes(8)
    )
    if libc.connect(descriptor, address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), "connect")


prepare.prepare = misbehave

if __name__ == "__main__":
    child.main()
