"""The fake model behind real HTTP: python -m inference.fake_server --port 8901 --mode slow."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from inference.testing import FAKE_MODEL, CutOff, FakeModel, Mode, Reply, Script

logger = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer would wait 40 ms for an acknowledgement
    server: FakeServer

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def log_message(self, format: str, *args: object) -> None:
        logger.debug(format, *args)

    def _answer(self, content: bytes) -> None:
        path = urlsplit(self.path).path
        self.server.log_received(path, content)
        try:
            self._send(self.server.model.reply(self.command, path, content))
        except CutOff:
            self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            self.server.hang_ups += 1
            self.close_connection = True

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("content-type", reply.content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for part in reply.parts:
            self._send_chunk(part)
        self._send_chunk(b"")

    def _send_chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.flush()


class FakeServer(ThreadingHTTPServer):
    """Listens on this machine only."""

    daemon_threads = True
    request_queue_size = 256  # as many may knock at once as at a real server

    def __init__(self, model: FakeModel, *, port: int = 0, log: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.model = model
        self.log = log
        self.hang_ups = 0  # how often a client left in the middle of an answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def log_received(self, path: str, content: bytes) -> None:
        """Append what was asked as a line of JSON: tests read there which fields were sent."""
        if self.log is not None and content:
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"path": path, "body": json.loads(content)}) + "\n")


@contextmanager
def serving(script: Script | None = None) -> Iterator[FakeServer]:
    """Run a fake server on a free port for as long as the block lasts."""
    server = FakeServer(FakeModel(script))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.model.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="inference.fake_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8901)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.NORMAL)
    parser.add_argument("--model", default=FAKE_MODEL)
    parser.add_argument("--text", help="say this, whatever is asked")
    parser.add_argument("--window-tokens", type=int, default=4096)
    parser.add_argument("--pause-s", type=float, default=0.05, help="between the words of slow")
    parser.add_argument("--log", type=Path, help="append every request to this file as JSON")
    options = parser.parse_args(arguments)
    script = Script(
        mode=options.mode,
        model=options.model,
        text=options.text,
        window_tokens=options.window_tokens,
        pause_s=options.pause_s,
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    server = FakeServer(FakeModel(script), port=options.port, log=options.log)
    logger.info("fake model %s (%s) at %s", script.model, script.mode, server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
