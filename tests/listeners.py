"""A TCP port that a test listens on, until the test is over: nothing of it is left to the next."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Serve = Callable[[socket.socket], None]


@contextmanager
def listening(serve: Serve, host: str = "127.0.0.1") -> Iterator[int]:
    """Give a free port of HOST, whose connections SERVE takes one after the other.

    A thread that waits in `accept` keeps its port open after `close`, so that another test's
    server may share it: the socket is shut down, which wakes the thread, and the thread joined.
    """
    open_now: list[socket.socket] = []

    def accept(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:  # shut down: the test is over
                return
            open_now.append(connection)
            with connection, suppress(OSError):  # the other side, or the end of the test, cut it
                serve(connection)
            open_now.remove(connection)

    with socket.create_server((host, 0)) as server:
        thread = threading.Thread(target=accept, args=[server], daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in list(open_now):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive(), "a listener of a test goes on"
