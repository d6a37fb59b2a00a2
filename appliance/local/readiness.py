"""Waiting for what was started: by asking it, never by sleeping."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from celery import Celery

from appliance.local.commands import last_lines
from appliance.local.home import Home
from appliance.local.supervisor import Manager

# A busy small machine takes this long to load the product; START_PATIENCE_S for a busier one.
READY_TIMEOUT_S = float(os.environ.get("START_PATIENCE_S") or 120.0)


class StartFailed(Exception):
    """A program did not come up."""


def wait_for(
    home: Home,
    manager: Manager,
    program: str,
    is_ready: Callable[[], bool],
    *,
    timeout_s: float = READY_TIMEOUT_S,
) -> None:
    """Wait until a program serves; its last lines tell why when it does not."""
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        state = manager.state_of(program)
        gave_up = state is None or state.has_failed
        if gave_up or time.monotonic() > deadline:
            raise StartFailed(failure(home, program, state.problem if state else "unknown"))
        time.sleep(0.1)


def failure(home: Home, program: str, problem: str) -> str:
    log = home.log_of(program)
    return f"{program} did not start ({problem}). The end of {log}:\n{last_lines(log)}"


def http_status(url: str, path: str) -> int:
    """Return the status of a GET, or 0 when nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def worker_answers(broker: str, name: str) -> bool:
    with Celery(broker=broker) as queue:
        return bool(queue.control.ping(destination=[f"{name}@local"], timeout=1.0))
