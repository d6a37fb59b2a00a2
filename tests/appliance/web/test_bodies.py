"""Bodies that are too large are refused before they are stored, whoever sends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from appliance.web.bodies import FORM_BYTES, MAX_BODY_BYTES, MIB, BodyLimit, Message

UPLOAD_BYTES = 20 * MIB
BLOCK = b"x" * MIB


class Taking:
    """An application that takes everything and says how much it was."""

    def __init__(self) -> None:
        self.taken = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.taken += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def post(app: Any, path: str, blocks: int, *, stated: int | None) -> int:
    """Send a body block by block and return the status of the answer."""
    headers = [] if stated is None else [(b"content-length", str(stated).encode())]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }
    left: Iterator[Message] = iter(
        {"type": "http.request", "body": BLOCK, "more_body": number < blocks}
        for number in range(1, blocks + 1)
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(left)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    statuses = [message["status"] for message in sent if message["type"] == "http.response.start"]
    assert len(statuses) == 1
    assert isinstance(statuses[0], int)
    return statuses[0]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/accounts/login/", MAX_BODY_BYTES),
        ("/sources/upload/x/", MAX_BODY_BYTES),
        ("/sources/a/b/replace/", MAX_BODY_BYTES),
        ("/sources/upload/", UPLOAD_BYTES + FORM_BYTES),
        ("/sources/wiki/replace/", UPLOAD_BYTES + FORM_BYTES),
    ],
)
@pytest.mark.parametrize("is_stated", [True, False])
def test_each_page_takes_up_to_its_limit(path: str, most: int, is_stated: bool) -> None:
    blocks = most // MIB
    for count, status in ((blocks, 200), (blocks + 1, 413)):
        taking = Taking()
        app = BodyLimit(taking, upload_bytes=UPLOAD_BYTES)
        assert post(app, path, count, stated=count * MIB if is_stated else None) == status
        assert taking.taken <= most
        assert taking.taken == count * MIB or status == 413


def test_a_body_that_is_longer_than_it_says_is_cut() -> None:
    taking = Taking()
    app = BodyLimit(taking, upload_bytes=UPLOAD_BYTES)
    assert post(app, "/", 100, stated=5) == 413
    assert taking.taken <= MAX_BODY_BYTES


def test_the_real_application_stops_taking() -> None:
    app = BodyLimit(get_asgi_application(), upload_bytes=UPLOAD_BYTES)
    assert post(app, "/accounts/login/", 100, stated=None) == 413


@pytest.mark.parametrize(
    ("path", "kind", "where"),
    [
        ("/api/v1/threads", "application/problem+json", ("detail",)),
        ("/v1/chat/completions", "application/json", ("error", "message")),
    ],
)
def test_programs_are_told_in_their_own_shape(path: str, kind: str, where: tuple[str, ...]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    app = BodyLimit(Taking(), upload_bytes=UPLOAD_BYTES)
    scope = {
        "type": "http",
        "path": path,
        "headers": [(b"content-length", str(MAX_BODY_BYTES + 1).encode())],
    }
    asyncio.run(app(scope, lambda: asyncio.sleep(0), send))  # type: ignore[arg-type,return-value]  # not read
    start, body = sent
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (413, kind.encode())
    told = json.loads(body["body"])
    for key in where:
        told = told[key]
    assert told == "A request has at most 10 MB."


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sources/upload/", ("At most 20 MB", "PLUMBLINE_UPLOAD_LIMIT_MB")),
        ("/accounts/login/", ("At most 10 MB", "send less")),
    ],
)
def test_people_are_shown_a_page_behind_the_same_walls(path: str, words: tuple[str, str]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [
        (b"content-length", str(100 * MIB).encode()),
        (b"accept", b"text/html,*/*"),
        (b"cookie", b"theme=dark"),
    ]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    app = BodyLimit(Taking(), upload_bytes=UPLOAD_BYTES)
    asyncio.run(app(scope, lambda: asyncio.sleep(0), send))  # type: ignore[arg-type,return-value]  # not read
    start, body = sent
    told = dict(start["headers"])
    assert (start["status"], told[b"content-type"]) == (413, b"text/html; charset=utf-8")
    assert b"default-src 'none'" in told[b"content-security-policy"]
    page = body["body"].decode()
    assert all(word in page for word in words)
    assert 'data-theme="dark"' in page
