"""The parts of the REST API that the editor uses, as its contract has them, over a few fixed answers.

It knows one token, writes one answer slowly enough to be watched and stopped, and keeps what it was sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "plumb_of-the-editor-test"
COMMIT = "5f2b8c1d9e7a4f60b3c2d1e0f9a8b7c6d5e4f3a2"
SOURCE, PATH = "tidewatch", "tidewatch/client.py"
CLIENT_PY = '''"""Asks gauges for the water level."""

from __future__ import annotations

RETRIES = 3


def read_level(gauge: str) -> float:
    """Ask a gauge; after the last attempt it is silent."""
    for attempt in range(RETRIES):
        level = ask(gauge)
        if level is not None:
            return level
        if attempt == RETRIES:
            raise GaugeSilent(gauge)
        pause(attempt)
    raise GaugeSilent(gauge)
'''
DIFF = """--- a/tidewatch/client.py
+++ b/tidewatch/client.py
@@ -11,7 +11,7 @@
         level = ask(gauge)
         if level is not None:
             return level
-        if attempt == RETRIES:
+        if attempt >= RETRIES - 1:
             raise GaugeSilent(gauge)
         pause(attempt)
     raise GaugeSilent(gauge)
"""
ANSWER = (
    "A gauge is asked three times [1]. The comparison never holds, because `range(RETRIES)` ends "
    "before it [2]:\n\n- the pause follows **every** attempt [2]\n"
    "- a gauge that never answers raises `GaugeSilent`\n"
)
HOSTILE = "<img src=x onerror=alert(1)> ![p](https://elsewhere.example/p.png) "


def cited(number: int, first: int, last: int) -> dict[str, Any]:
    return {
        "number": number,
        "source": SOURCE,
        "commit": COMMIT,
        "path": PATH,
        "first_line": first,
        "last_line": last,
        "state": "verified",
        "url": f"/files/{SOURCE}/{COMMIT}/{PATH}#L{first}-L{last}",
        "text": "\n".join(CLIENT_PY.split("\n")[first - 1 : last]),
    }


CITATIONS = [cited(1, 5, 5), cited(2, 10, 14)]


@dataclass
class Answer:
    id: str
    question: dict[str, Any]
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> str:
        return HOSTILE + ANSWER if "hostile" in self.question["question"] else ANSWER

    @property
    def patches(self) -> list[dict[str, Any]]:
        if self.question.get("mode") != "fix":
            return []
        return [{"number": 1, "source": SOURCE, "commit": COMMIT, "state": "good", "diff": DIFF}]

    def whole(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "thread": "b1f0",
            "state": "stopped" if self.stopped.is_set() else "done",
            "text": self.text,
            "citations": CITATIONS,
            "supported": 3,
            "unsupported": 0,
            "patches": self.patches,
            "error": "",
        }


class FakeApi(ThreadingHTTPServer):
    """Keeps the answers that were asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, str]] = []
        self.pause_s = 0.01
        self.is_let_in = threading.Event()  # by the person on the page of the code

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FakeApi
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if not url.path.startswith("/api/v1/"):
            return self._page(url.path)
        match self._begin(url.path):
            case ["me"]:
                rights = {"name": "editor", "rights": ["read", "ask"]}
                self._send(200, {"user": "ada", "token": rights, "sources": [SOURCE]})
            case ["search"]:
                self._send(200, {"hits": self._hits(parse_qs(url.query)["q"][0])})
            case ["files", source, _, *path] if (source, "/".join(path)) == (SOURCE, PATH):
                self._send(200, self._lines(parse_qs(url.query)["lines"][0]))
            case ["messages", message, "events"]:
                self._stream(self._answer(message))
            case ["messages", message]:
                self._send(200, self._answer(message).whole())
            case ["refused"]:
                pass
            case _:
                self._problem(404, "There is no such thing.")

    def do_POST(self) -> None:
        parts = self._begin(urlsplit(self.path).path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        match parts:
            case ["threads", *_]:
                answer = Answer(f"m{len(self.server.answers) + 1}", body)
                self.server.answers.append(answer)
                thread = {"id": "b1f0", "title": body["question"][:40], "url": "/threads/b1f0/"}
                message = {"id": answer.id, "thread": "b1f0", "state": "queued"}
                self._send(201, {"thread": thread, "message": message})
            case ["messages", message, "stop"]:
                self._answer(message).stopped.set()
                self._send(202, {})
            case ["device"]:
                page = f"{self.server.url}/device/"
                self._send(200, {
                    "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": page,
                    "verification_uri_complete": f"{page}?code=WDJB-MJHT", "expires_in": 600, "interval": 1,
                })  # fmt: skip
            case ["device", "token"] if self.server.is_let_in.is_set():
                self._send(200, {"access_token": TOKEN, "token_type": "Bearer", "user": "ada"})
            case ["device", "token"]:
                self._send(400, {"error": "authorization_pending"})
            case ["refused"]:
                pass
            case _:
                self._problem(404, "There is no such thing.")

    def _page(self, path: str) -> None:
        """Be a page that somebody looks at; on that of the code they let the editor in."""
        if path == "/device/":
            self.server.is_let_in.set()
        self._send(200, {"page": path})

    def _begin(self, path: str) -> list[str]:
        """Return the parts below /api/v1; refuse what has no token, but for the sign-in."""
        self.server.requests.append((self.command, path))
        parts = [unquote(part) for part in path.removeprefix("/api/v1/").split("/")]
        if parts[0] != "device" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._problem(401, "This token is not known.")
            return ["refused"]
        return parts

    def _answer(self, message: str) -> Answer:
        return next(answer for answer in self.server.answers if answer.id == message)

    def _hits(self, query: str) -> list[dict[str, Any]]:
        if query not in CLIENT_PY:
            return []
        line = CLIENT_PY[: CLIENT_PY.index(query)].count("\n") + 1
        hit = {"source": SOURCE, "path": PATH, "commit": COMMIT, "symbol": "read_level"}
        return [hit | {"start_line": line, "end_line": line, "score": 1.0, "legs": []}]

    def _lines(self, named: str) -> dict[str, Any]:
        first, last = map(int, named.split("-"))
        lines = CLIENT_PY.split("\n")[first - 1 : last]
        return {"source": SOURCE, "commit": COMMIT, "path": PATH, "text": "\n".join(lines)}

    def _stream(self, answer: Answer) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        pieces = [(at, answer.text[at : at + 9]) for at in range(0, len(answer.text), 9)]
        events: list[tuple[str, dict[str, Any]]] = [
            ("state", {"state": "searching"}),
            *(("text", {"at": at, "text": piece}) for at, piece in pieces),
            *(("citation", each) for each in CITATIONS),
        ]
        for number, (name, told) in enumerate(events):
            if answer.stopped.is_set():
                break
            self._event(number, name, told)
            time.sleep(self.server.pause_s)
        self._event(len(events), "done", {"message": answer.whole()})
        self.close_connection = True

    def _event(self, number: int, name: str, told: dict[str, Any]) -> None:
        self.wfile.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(told)}\n\n".encode())
        self.wfile.flush()

    def _problem(self, status: int, detail: str) -> None:
        phrase = HTTPStatus(status).phrase
        self._send(status, {"title": phrase, "status": status, "detail": detail})

    def _send(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    server = FakeApi()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
