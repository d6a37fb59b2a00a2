"""The addresses of the API that the command-line client uses, with answers that a test chooses.

Shapes as the appliance has them; `tests/clients/test_against_appliance.py` uses the real one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

TOKEN = "plumb_right"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ANSWER: dict[str, Any] = {
    "id": "m1",
    "thread": "t1",
    "state": "done",
    "text": "It **adds** the item [1].",
    "citations": [
        {
            "number": 1, "source": "shop", "commit": COMMIT, "path": "shop/cart.py",
            "first_line": 4, "last_line": 9, "state": "verified",
            "url": f"/files/shop/{COMMIT}/shop/cart.py?lines=4-9",
        }
    ],
    "supported": 1,
    "unsupported": 0,
}  # fmt: skip


@dataclass
class FakeApi:
    """What it answers, and what it was asked."""

    answer: dict[str, Any] = field(default_factory=lambda: dict(ANSWER))
    hits: list[dict[str, Any]] = field(default_factory=list)
    code: dict[str, Any] = field(default_factory=dict)
    pending: int = 1  # times that a device is told to wait
    device_error: str = ""
    breaks: int = 0  # connections of the stream that end in the middle
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def app(self) -> Starlette:
        routes = [
            ("/api/v1/me", self.me),
            ("/api/v1/search", self.search),
            ("/api/v1/code", self.find_code),
            ("/api/v1/sources", self.sources),
            ("/api/v1/sources/{name}", self.source),
            ("/api/v1/files/{place:path}", self.file),
            ("/api/v1/threads", self.ask),
            ("/api/v1/threads/{thread}/messages", self.ask),
            ("/api/v1/messages/{message}/events", self.events),
            ("/api/v1/messages/{message}/stop", self.stop),
            ("/api/v1/device", self.device),
            ("/api/v1/device/token", self.device_token),
        ]
        return Starlette(
            routes=[Route(path, self._noted(see), methods=["GET", "POST"]) for path, see in routes]
        )

    def _noted(self, see: Any) -> Any:
        async def noted(request: Request) -> Response:
            body = await request.body()
            fields = json.loads(body) if body else dict(request.query_params.multi_items())
            self.asked.append((request.method, request.url.path, fields))
            self.headers.append(dict(request.headers))
            is_open = request.url.path.startswith("/api/v1/device")
            if not is_open and request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return _problem(401, "Send a valid token.")
            response: Response = await see(request, fields)
            return response

        return noted

    async def me(self, request: Request, fields: dict[str, Any]) -> Response:
        token = {"name": "x", "prefix": "plumb_ri", "rights": ["read", "ask"]}
        token["expires_at"] = "2030-01-02T00:00:00+00:00"
        return JSONResponse({"user": "ana", "token": token, "sources": ["shop", "pay"]})

    async def search(self, request: Request, fields: dict[str, Any]) -> Response:
        if request.query_params.getlist("source") == ["secret"]:
            return _problem(404, "There is no source 'secret'.")
        return JSONResponse({"hits": self.hits})

    async def find_code(self, request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse(self.code)

    async def sources(self, request: Request, fields: dict[str, Any]) -> Response:
        name, following = ("pay", None) if fields.get("cursor") else ("shop", "c2")
        line = {"name": name, "kind": "git", "state": "Ready", "commit": COMMIT, "refs": ["main"]}
        return JSONResponse({"items": [line], "next": following})

    async def source(self, request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse({"name": request.path_params["name"], "commit": COMMIT})

    async def file(self, request: Request, fields: dict[str, Any]) -> Response:
        lines = request.query_params.get("lines", "")
        return JSONResponse({"text": f"{request.path_params['place']} {lines}\n\x1b]0;evil\x07"})

    async def ask(self, request: Request, fields: dict[str, Any]) -> Response:
        if fields["question"] == "too much":
            return _problem(429, "You have asked 5 questions within an hour.")
        told: dict[str, Any] = {"message": {"id": "m1", "state": "queued"}}
        if "thread" not in request.path_params:
            told["thread"] = {"id": "t1", "title": "x", "url": "/threads/t1/"}
        return JSONResponse(told, status_code=201)

    async def events(self, request: Request, fields: dict[str, Any]) -> Response:
        begin = int(request.headers.get("Last-Event-ID", "0"))
        return StreamingResponse(self._events(begin), media_type="text/event-stream")

    async def _events(self, begin: int) -> AsyncIterator[str]:
        events: list[tuple[str, Any]] = [
            ("state", {"state": "queued", "queue_position": 2}),
            ("text", {"text": "It adds"}),
            ("done", {"message": self.answer}),
        ]
        yield ": hello\n\n"
        for number, (name, fields) in enumerate(events, start=1):
            if number <= begin:
                continue
            if number == begin + 2 and self.breaks:
                self.breaks -= 1
                return
            yield f"id: {number}\nevent: {name}\ndata: {json.dumps(fields)}\n\n"

    async def stop(self, request: Request, fields: dict[str, Any]) -> Response:
        return Response(status_code=202)

    async def device(self, request: Request, fields: dict[str, Any]) -> Response:
        page = f"{self.url}/device/"
        return JSONResponse(
            {
                "device_code": "d", "user_code": "BCDF-GHJK", "verification_uri": page,
                "verification_uri_complete": f"{page}?code=BCDF-GHJK", "expires_in": 600,
                "interval": 0.01,
            }
        )  # fmt: skip

    async def device_token(self, request: Request, fields: dict[str, Any]) -> Response:
        if self.pending:
            self.pending -= 1
            return JSONResponse({"error": "authorization_pending"}, status_code=400)
        if self.device_error:
            return JSONResponse({"error": self.device_error}, status_code=400)
        given = {"access_token": TOKEN, "token_type": "Bearer", "user": "ana"}
        return JSONResponse({**given, "expires_at": "2030-01-02T00:00:00+00:00"})


def _problem(status: int, detail: str) -> Response:
    told = {"type": "about:blank", "title": "No", "status": status, "detail": detail}
    return JSONResponse(told, status_code=status, media_type="application/problem+json")


@contextmanager
def serving(app: Any, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Run an application on a free port and yield its address."""
    tls = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]} if certificate else {}
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", **tls)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise RuntimeError("the fake API did not start within 20 s")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
