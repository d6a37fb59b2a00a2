"""What the tests' own HTTP servers share: a thread each, TLS if asked, an orderly end."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that give up or are killed break their connections: tests are about that."""


@contextmanager
def running_http(
    handler: type[BaseHTTPRequestHandler],
    stopped: threading.Event,
    *,
    host: str = "127.0.0.1",
    certificate: Path | None = None,
) -> Iterator[int]:
    """Serve on a free port, which is yielded; at the end `stopped` is set first, for the handlers."""
    http = _QuietServer((host, 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # Handshakes belong into the threads: a client that only looks whether somebody listens
        # must not hold up the others.
        http.socket = context.wrap_socket(
            http.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield int(http.server_address[1])
    finally:
        stopped.set()
        http.shutdown()
        http.server_close()
        thread.join()
