"""Waiting for a model server that is starting."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from inference.errors import ModelUnavailable

POLL_S = 1.0


def is_healthy(http: httpx.Client) -> bool:
    """Say whether the server answers; never raises."""
    try:
        return http.get("/health", timeout=5.0).is_success
    except httpx.TransportError:
        return False


def wait_until_healthy(
    http: httpx.Client,
    *,
    timeout_s: float,
    is_running: Callable[[], bool] = lambda: True,
    tell: Callable[[float], None] = lambda seconds: None,
) -> float:
    """Return after how many seconds the server answered; `tell` is called once a second.

    Raises ModelUnavailable when it did not, or when its process is no longer running.
    """
    started = time.monotonic()
    while not is_healthy(http):
        waited = time.monotonic() - started
        if not is_running():
            raise ModelUnavailable(f"the model server ended after {waited:.0f} s")
        if waited > timeout_s:
            raise ModelUnavailable(f"the model server did not answer within {timeout_s:.0f} s")
        tell(waited)
        time.sleep(POLL_S)
    return time.monotonic() - started
