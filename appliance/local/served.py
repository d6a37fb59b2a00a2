"""The model of a benchmark: none, one that is served somewhere, or the small one, started for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from rich.console import Console

from appliance.local.model import read_state
from appliance.local.programs import SMALL

READY_S = 1800.0  # with the packages, the model and its conversion to be fetched and made first

console = Console(stderr=True)


@contextmanager
def model_at(choice: str, home: Path) -> Iterator[str]:
    """Give the address of a model server: `choice` itself, or that of the small model, which is
    installed where it is not yet, started, and ended behind the block."""
    if choice != SMALL:
        yield choice
        return
    cache = os.environ.get("PLUMBLINE_CACHE") or str(Path.home() / ".cache" / "plumbline")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    state, url = home / "model.json", f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "appliance.local.model", str(state), cache, str(port), SMALL]
    with (home / "model.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(process, url, state, home / "model.log")
        yield url
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()


def _await(process: subprocess.Popen[bytes], url: str, state: Path, log: Path) -> None:
    """Wait until the model answers, and say what it is at meanwhile."""
    deadline = time.monotonic() + READY_S
    step = ""
    while time.monotonic() < deadline and process.poll() is None:
        now = read_state(state)
        if now is not None and now.step != step:
            step = now.step
            console.print(f"The small model: {step} ...")
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2.0, trust_env=False).is_success:
                return
        time.sleep(0.5)
    last = log.read_text("utf-8", "replace").splitlines()[-12:]
    raise SystemExit("The small model did not start:\n" + "\n".join(last))
