"""The real application behind a real ASGI server, in a thread of the tests."""

from __future__ import annotations

import mimetypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.staticfiles import finders

KEPT = (b"cache-control", b"max-age=3600")  # as WhiteNoise says of files with a hash in their name


class WithStaticFiles:
    """Answers for static files, where nothing has collected them, so that a browser keeps them."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope.get("path", "").removeprefix(settings.STATIC_URL)
        if scope["type"] != "http" or name == scope["path"]:
            await self.app(scope, receive, send)
            return
        status, kind, body = _static_file(name)
        headers = [(b"content-type", kind.encode()), (b"x-content-type-options", b"nosniff"), KEPT]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@cache
def _static_file(name: str) -> tuple[int, str, bytes]:
    found = finders.find(name)
    if not isinstance(found, str):
        return 404, "text/plain", b""
    return 200, mimetypes.guess_type(name)[0] or "text/plain", Path(found).read_bytes()


@contextmanager
def served() -> Iterator[str]:
    """Run the application on a free port and yield its address."""
    from appliance.config.asgi import application  # needs the settings of the test run

    config = uvicorn.Config(
        WithStaticFiles(application),
        port=0,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the web server did not start within 20 s")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
