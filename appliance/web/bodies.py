"""Bound what a request may bring before anything of it is stored.

Django writes a request's body to the disk before it knows who asks and for which page, so a limit
in a form comes too late: anybody who reaches the server could fill the disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from appliance.common.problems import CONTENT_TYPE, problem_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

MIB = 1024 * 1024
MAX_BODY_BYTES = 10 * MIB
FORM_BYTES = MIB  # beside the file of an upload
UPLOADS = re.compile(r"/sources/(upload|[^/]+/replace)/")
TOO_LARGE = b"The request is too large. The limit for uploads is PLUMBLINE_UPLOAD_LIMIT_MB.\n"


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
        most = self.upload_bytes + FORM_BYTES if is_upload else MAX_BODY_BYTES
        if _stated_length(scope) > most:
            await _refuse(send, scope["path"])
            return
        body = _Body(receive, most)
        await self.app(scope, body.receive, body.unless_cut(send))
        if body.is_cut:
            await _refuse(send, scope["path"])


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


async def _refuse(send: Send, path: str) -> None:
    kind, body = _told(path)
    headers = [(b"content-type", kind), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _told(path: str) -> tuple[bytes, bytes]:
    """Return what is said in the words of those who ask: people, programs, or OpenAI's clients."""
    sentence = f"A request has at most {MAX_BODY_BYTES // MIB} MB."
    if path.startswith("/api/"):
        return CONTENT_TYPE.encode(), json.dumps(problem_of(413, sentence)).encode()
    if path.startswith("/v1/"):
        error = {"message": sentence, "type": "invalid_request_error", "param": None, "code": None}
        return b"application/json", json.dumps({"error": error}).encode()
    return b"text/plain; charset=utf-8", TOO_LARGE
