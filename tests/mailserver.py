"""A small real mail relay: takes what it is sent, or refuses as real ones do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from socketserver import StreamRequestHandler, ThreadingTCPServer


@dataclass(slots=True)
class Relay:
    """Which mails came, and whom it refuses."""

    port: int = 0
    mails: list[tuple[str, Message]] = field(default_factory=list)  # to whom, what
    refuses: set[str] = field(default_factory=set)
    is_down: bool = False  # closes each connection at once


class _Handler(StreamRequestHandler):
    relay: Relay
    timeout = 10

    def handle(self) -> None:
        if self.relay.is_down:
            return
        self._say("220 relay.test")
        to = ""
        while line := self.rfile.readline().decode("ascii").strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                self._say("550 no such mailbox" if to in self.relay.refuses else "250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                self.relay.mails.append((to, message_from_bytes(self._content())))
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serve_mail() -> Iterator[Relay]:
    """Take mail on a free port of this machine until the block ends."""
    relay = Relay()
    handler = type("Handler", (_Handler,), {"relay": relay})
    with _Server(("127.0.0.1", 0), handler) as server:
        relay.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()
