"""A gateway in front of a fake model server, on a free port, for one test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from inference.serving.gateway import Gateway, application
from tests.modelserver import free_port

TOKEN, METRICS_TOKEN = "t" * 40, "m" * 40


@contextmanager
def gateway_for(
    server: str,
    *,
    role: Any = "chat",
    tls: dict[str, Any] | None = None,
    uds: str | None = None,
    **more: Any,
) -> Iterator[str]:
    """Yield the gateway's address."""
    gateway = Gateway(role, server, TOKEN, METRICS_TOKEN, **more)
    port = free_port()
    config = uvicorn.Config(
        application(gateway),
        host="127.0.0.1",
        port=port,
        uds=uds,
        log_level="error",
        ws="none",
        timeout_graceful_shutdown=1,
        **(tls or {}),
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not running.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the gateway did not start")
        time.sleep(0.01)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join(10)
