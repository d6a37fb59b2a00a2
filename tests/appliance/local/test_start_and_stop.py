"""The whole appliance, started and stopped as `make up`, `make run` and `make down` do it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.local.home import Home, home_from
from appliance.local.leftovers import leftover_processes
from appliance.local.readiness import http_status
from appliance.local.supervisor import Manager
from tests.waiting import PATIENCE_S, wait_until

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
OURS = ("PLUMBLINE_", "DJANGO_")


class Appliance:
    """One data folder, and the commands on it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
        repository = folder / "tide"
        self.environment = kept | {
            "PLUMBLINE_HOME": str(folder / "home"),
            "PORT": str(self.port),
            "MODEL": "none",
            "REPO": str(repository),
        }
        self.home: Home = home_from(self.environment)
        make_repository(repository)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def manager(self) -> Manager:
        return Manager(self.home.control_socket)

    def command(self, name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "appliance.local", name],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def manage(self, *arguments: str) -> str:
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.stdout + ended.stderr

    def pid_of(self, program: str) -> int:
        state = self.manager.state_of(program)
        return state.pid if state and state.state == "RUNNING" else 0

    def processes(self) -> list[psutil.Process]:
        return leftover_processes(self.home.control_socket)


def make_repository(folder: Path) -> None:
    folder.mkdir()
    (folder / "tide.py").write_text("def high_water(harbour):\n    return harbour.tide\n")
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", "-C", str(folder), *identity, *command], check=True)


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    appliance = Appliance(tmp_path)
    yield appliance
    appliance.command("down")


def test_what_is_killed_comes_back_and_down_leaves_nothing(appliance: Appliance) -> None:
    up = appliance.command("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert appliance.address in up.stdout
    assert appliance.home.password_file.read_text().strip() in up.stdout
    again = appliance.command("up")
    assert (again.returncode, "already runs" in again.stdout) == (1, True)

    for program in ("postgres", "worker"):
        kill_and_wait(appliance, program)
    wait_until(lambda: http_status(appliance.address, "/healthz/") == 200, "a healthy web server")
    wait_until(lambda: "tide.py" in appliance.manage("search", "high_water"), "a search result")

    orphans = kill_manager(appliance)
    up = appliance.command("up")
    assert up.returncode == 0, up.stdout + up.stderr
    running = appliance.processes()
    assert len(running) >= 6
    assert orphans.isdisjoint(process.pid for process in running)

    assert appliance.command("down").returncode == 0
    assert [process for process in running if process.is_running()] == []
    assert appliance.processes() == []
    assert appliance.command("down").returncode == 0


def kill_and_wait(appliance: Appliance, program: str) -> None:
    """Kill a program as the kernel does when memory ends, and wait for the next one."""
    before = appliance.pid_of(program)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: appliance.pid_of(program) not in {0, before}, f"the return of {program}")


def kill_manager(appliance: Appliance) -> set[int]:
    """Kill the process manager and return the programs that it leaves behind."""
    os.kill(int((appliance.home.folder / "supervisord.pid").read_text()), signal.SIGKILL)
    wait_until(lambda: not appliance.manager.is_running(), "the end of the process manager")
    orphans = {process.pid for process in appliance.processes()}
    assert orphans
    return orphans


def test_an_interrupt_during_the_start_stops_what_was_started(appliance: Appliance) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.local", "run"],
        cwd=ROOT,
        env=appliance.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: appliance.manager.is_running(), "the start of the process manager")
    wait_until(lambda: appliance.pid_of("postgres") > 0, "the start of PostgreSQL")
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=PATIENCE_S)
    assert "Plumbline is stopped" in shown
    assert process.returncode == 0
    assert appliance.processes() == []
