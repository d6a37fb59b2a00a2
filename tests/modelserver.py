"""A real vLLM with the small model, for the tests marked `model`.

The first use on a machine builds the environment and fetches and converts the model (minutes);
later ones only start the server.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.connection import open_http
from inference.packages import default_cache_folder
from inference.serving.health import wait_until_healthy
from inference.serving.install import install
from inference.serving.small_model import convert_small_model, fetch_small_model

REPOSITORY = Path(__file__).parents[1]
ENV_FOLDER = Path(os.environ.get("PLUMBLINE_VLLM_ENV", REPOSITORY / ".venv-vllm"))
START_TIMEOUT_S = 600.0


@contextmanager
def running_small_model(log: Path, *more: str) -> Iterator[str]:
    """Yield the server's address; the server is gone when the block is left."""
    install(ENV_FOLDER)
    fetch_small_model(default_cache_folder())
    convert_small_model(default_cache_folder(), ENV_FOLDER, lambda line: None)
    port = free_port()
    command = [sys.executable, "-m", "inference.serving", "launch"]
    command += ["--env", str(ENV_FOLDER), "--port", str(port), *more]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdout=output, stderr=output, cwd=REPOSITORY, start_new_session=True
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            with open_http(url) as http:
                wait_until_healthy(
                    http, timeout_s=START_TIMEOUT_S, is_running=lambda: process.poll() is None
                )
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
