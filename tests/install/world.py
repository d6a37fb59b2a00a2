"""What the drill's site is about: a small repository, and what answers in place of a model."""

from __future__ import annotations

import time

from tests.gitrepos import Repository
from tests.install.hosts import Host, HostFailed

REPOSITORIES = "/srv/repositories"
QUESTION = "How often does read_level retry?"
CODE = '''"""A client of the water gauges."""

import time

RETRIES = 3
PAUSE_S = 0.5


def read_level(station: str, connection: object) -> float:
    """Return the level at a station, trying RETRIES times with a growing pause."""
    for attempt in range(RETRIES):
        try:
            return connection.fetch(station)
        except ConnectionError:
            time.sleep(PAUSE_S * 2**attempt)
    raise ConnectionError(station)
'''


def bring_repository(host: Host) -> None:
    """Put a repository where the workers may read it; a company has a git host instead."""
    folder = host.path(f"{REPOSITORIES}/gauge")
    folder.mkdir(parents=True)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit({"gauge.py": CODE}, "Read the level with retries")


def change_repository(host: Host) -> str:
    """Commit once more and return the commit."""
    repository = Repository(host.path(f"{REPOSITORIES}/gauge"), commits=["first"])
    return repository.commit({"gauge.py": CODE.replace("RETRIES = 3", "RETRIES = 5")}, "Try longer")


def start_stand_in(host: Host) -> None:
    """Start the tests' fake model in place of vLLM: it cites what it is given, and knows nothing."""
    host.run(
        "systemd-run", "--quiet", "--unit=model-stand-in", "--property=DynamicUser=yes",
        "--property=WorkingDirectory=/opt/plumbline/current",
        "/opt/plumbline/current/.venv/bin/python", "-m", "inference.fake_server", "--port=8101",
    )  # fmt: skip


def wait_for_model(host: Host, timeout_s: float = 1800) -> None:
    """Wait until vLLM answers on the model host's own loopback interface."""
    deadline = time.monotonic() + timeout_s
    look = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8101/health').status)"
    while host.run("python3", "-c", look, check=False).strip() != "200":
        if time.monotonic() > deadline:
            said = host.run("journalctl", "--unit=model-server-chat", "--no-pager", "--lines=40")
            raise HostFailed(f"the model was not loaded within {timeout_s:.0f} s: {said[-3000:]}")
        time.sleep(5)
