"""Server-sent events from bytes: the few rules of the format that model servers use, with limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inference.errors import ModelUnavailable

MAX_EVENT_BYTES = 1024 * 1024  # a delta is some hundred bytes; more is a fault or an attack


def read_events(parts: Iterable[bytes]) -> Iterator[str]:
    """Yield the content of each event's data lines.

    Bytes that are not UTF-8 become U+FFFD. An event that the end of the stream cuts off is
    dropped, as the format demands. An event beyond MAX_EVENT_BYTES raises ModelUnavailable.
    """
    content: list[bytes] = []
    size_bytes = 0
    for line in _lines(parts):
        if line:
            if line.startswith(b"data:"):
                content.append(line.removeprefix(b"data:").removeprefix(b" "))
                size_bytes += len(line)
                _check_size(size_bytes)
        elif content:
            yield b"\n".join(content).decode("utf-8", errors="replace")
            content, size_bytes = [], 0


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        _check_size(len(rest))
        for line in lines:
            yield line.removesuffix(b"\r")


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_EVENT_BYTES:
        raise ModelUnavailable("the model server sent an event without end")
