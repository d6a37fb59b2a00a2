"""A real git server over HTTP for tests: git http-backend, with what hostile servers add to it."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from tests.httpservers import running_http

Behaviour = Callable[["GitHandler"], bool]


@dataclass(slots=True)
class GitServer:
    """What the server does and what it saw."""

    root: Path
    host: str = "127.0.0.1"
    port: int = 0
    username: str | None = None
    secret: str | None = None
    scheme: str = "http"
    behaviour: Behaviour | None = None  # answers a request itself and returns True, or leaves it
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}/{name}"

    @property
    def expected_authorization(self) -> str | None:
        if self.username is None:
            return None
        pair = f"{self.username}:{self.secret}".encode()
        return "Basic " + base64.b64encode(pair).decode()


class GitHandler(BaseHTTPRequestHandler):
    """Hands each request to git http-backend as a CGI program."""

    protocol_version = "HTTP/1.1"
    git: GitServer
    body = b""  # of the request that is being answered

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the tests look at what was recorded."""

    def send_plain(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._read_chunks()
        self.body = body
        self.git.requests.append(f"{self.command} {self.path}")
        if authorization := self.headers.get("Authorization"):
            self.git.authorizations.append(authorization)
        expected = self.git.expected_authorization
        if expected is not None and authorization != expected:
            self.send_plain(401, WWW_Authenticate='Basic realm="git"')
        elif self.git.behaviour is None or not self.git.behaviour(self):
            self.serve(body)

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def run_backend(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(self.path)
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "GIT_PROJECT_ROOT": str(self.git.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH_INFO": address.path,
                "QUERY_STRING": address.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        pairs = [line.partition(": ") for line in head.decode().split("\r\n") if line]
        headers = {name: value for name, _, value in pairs}
        return int(headers.pop("Status", "200 OK").split()[0]), headers, content

    def serve(self, body: bytes) -> None:
        status, headers, content = self.run_backend(body)
        self.send_plain(status, content, **{k.replace("-", "_"): v for k, v in headers.items()})


@contextmanager
def serve_git(
    root: Path, *, host: str = "127.0.0.1", certificate: Path | None = None
) -> Iterator[GitServer]:
    """Serve every bare repository below the folder until the block ends, over TLS if asked."""
    server = GitServer(root, host, scheme="https" if certificate else "http")
    handler = type("Handler", (GitHandler,), {"git": server})
    with running_http(handler, server.stopped, host=host, certificate=certificate) as server.port:
        yield server
