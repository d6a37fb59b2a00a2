"""Bound what a request may bring before anything of it is stored.

Django writes a request's body to the disk before it knows who asks and for which page, so a limit
in a form comes too late: anybody who reaches the server could fill the disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from io import BytesIO
from typing import Any

from csp.utils import build_policy
from django.core.handlers.asgi import ASGIRequest
from django.template.loader import render_to_string

from appliance.common.problems import CONTENT_TYPE, problem_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

MIB = 1024 * 1024
MAX_BODY_BYTES = 10 * MIB
FORM_BYTES = MIB  # beside the file of an upload
# What the middleware adds to every other page; this one never comes there.
HEADERS = (
    (b"content-security-policy", build_policy().encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"private, no-store"),
)
UPLOADS = re.compile(r"/sources/(upload|[^/]+/replace)/")


class BodyLimit:
    """Answers 413 to a request whose body is longer than its page takes."""

    def __init__(self, app: App, *, upload_bytes: int) -> None:
        self.app = app
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_upload = UPLOADS.fullmatch(scope["path"]) is not None
        file_bytes = self.upload_bytes if is_upload else MAX_BODY_BYTES
        most = file_bytes + FORM_BYTES if is_upload else file_bytes
        refuse = partial(_refuse, scope, send, file_bytes // MIB, is_upload=is_upload)
        if _stated_length(scope) > most:
            await refuse()
            return
        body = _Body(receive, most)
        await self.app(scope, body.receive, body.unless_cut(send))
        if body.is_cut:
            await refuse()


class _Body:
    """Counts a body of which no length, or a wrong one, was stated."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.is_cut = False

    async def receive(self) -> Message:
        if self.is_cut:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.is_cut = True
            return {"type": "http.disconnect"}  # the application stops and forgets what it had
        return message

    def unless_cut(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if not self.is_cut:
                await send(message)

        return sent


def _stated_length(scope: MutableMapping[str, Any]) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(
    scope: MutableMapping[str, Any], send: Send, most_mb: int, *, is_upload: bool
) -> None:
    kind, body = _told(scope, most_mb, is_upload=is_upload)
    headers = [(b"content-type", kind), (b"connection", b"close"), *HEADERS]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _told(scope: MutableMapping[str, Any], most_mb: int, *, is_upload: bool) -> tuple[bytes, bytes]:
    """Return what is said in the words of those who ask: people, programs, or OpenAI's clients."""
    sentence = f"A request has at most {most_mb} MB."
    if scope["path"].startswith("/api/"):
        return CONTENT_TYPE.encode(), json.dumps(problem_of(413, sentence)).encode()
    if scope["path"].startswith("/v1/"):
        error = {"message": sentence, "type": "invalid_request_error", "param": None, "code": None}
        return b"application/json", json.dumps({"error": error}).encode()
    if b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
        return b"text/plain; charset=utf-8", f"{sentence}\n".encode()
    context = {
        "request": ASGIRequest(scope, BytesIO()),
        "most_mb": most_mb,
        "is_upload": is_upload,
    }
    return b"text/html; charset=utf-8", render_to_string("413.html", context).encode()
