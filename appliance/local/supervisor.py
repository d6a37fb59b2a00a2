"""The process manager: its settings file, and its control through a private unix socket."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from itertools import groupby
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from appliance.local.home import ROOT, Home
from appliance.local.programs import GIVE_UP_CODE, Program

START_TIMEOUT_S = 10.0


class ManagerUnreachable(Exception):
    """The process manager does not answer."""


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What the process manager says about one program."""

    name: str
    state: str  # STARTING, RUNNING, BACKOFF, EXITED, FATAL, STOPPED
    pid: int
    problem: str

    @property
    def is_down(self) -> bool:
        return self.state in {"BACKOFF", "FATAL", "EXITED"}

    @property
    def has_failed(self) -> bool:
        """Say whether it is down for good."""
        return self.state in {"FATAL", "EXITED"}


def control_file(home: Home, programs: list[Program]) -> str:
    """Return the settings of supervisord: each program is started by us, restarted by it."""
    groups = [(name, list(members)) for name, members in groupby(programs, lambda p: p.group)]
    sections = [
        section(
            "supervisord",
            nodaemon="true",
            pidfile=home.folder / "supervisord.pid",
            logfile=home.log_of("supervisord"),
            logfile_maxbytes="1MB",
            logfile_backups="1",
            directory=ROOT,
            childlogdir=home.logs,
            **({"user": "root"} if os.geteuid() == 0 else {}),
        ),
        section("unix_http_server", file=home.control_socket, chmod="0700"),
        section(
            "rpcinterface:supervisor",
            **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
    ]
    for priority, (name, members) in enumerate(groups, start=1):
        names = ",".join(program.name for program in members)
        sections.append(section(f"group:{name}", programs=names, priority=str(priority)))
        sections.extend(program_section(home, program) for program in members)
    return "\n".join(sections)


def program_section(home: Home, program: Program) -> str:
    return section(
        f"program:{program.name}",
        command=" ".join(shlex.quote(part) for part in program.command),
        autostart="false",
        autorestart="unexpected",
        exitcodes=str(GIVE_UP_CODE),
        startsecs="1",
        startretries="30",  # the pause grows by a second each time: seven minutes in all
        stopsignal=program.stop_signal,
        stopwaitsecs=str(program.stop_wait_s),
        stopasgroup=str(program.stop_children).lower(),
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=home.log_of(program.name),
        stdout_logfile_maxbytes="10MB",
        stdout_logfile_backups="1",
        **({"environment": program.environment} if program.environment else {}),
    )


def section(header: str, **values: str | Path) -> str:
    # supervisord replaces %(name)s in values, so a percent sign stands doubled.
    lines = [f"{name}={str(value).replace('%', '%%')}" for name, value in values.items()]
    return "\n".join([f"[{header}]", *lines, ""])


class Manager:
    """The running supervisord of one data folder."""

    def __init__(self, control_socket: Path) -> None:
        self.control_socket = control_socket

    def is_running(self) -> bool:
        try:
            self.call("getState")
        except ManagerUnreachable:
            return False
        return True

    def call(self, method: str, *arguments: str | bool) -> Any:
        """Call supervisord; its faults come through, a missing server becomes our error."""
        transport = SupervisorTransport(None, None, f"unix://{self.control_socket}")
        with ServerProxy("http://127.0.0.1", transport=transport) as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except (OSError, HTTPException) as exc:
                raise ManagerUnreachable(f"{self.control_socket}: {exc}") from exc

    def start(self, program: Program) -> None:
        """Start one program without waiting: who needs it waits for what it serves."""
        self.call("startProcess", program.full_name, False)

    def states(self) -> list[ProgramState]:
        return [
            ProgramState(
                name=str(shown["name"]),
                state=str(shown["statename"]),
                pid=int(shown["pid"]),
                problem=str(shown["spawnerr"] or shown["description"]),
            )
            for shown in self.call("getAllProcessInfo")
        ]

    def state_of(self, name: str) -> ProgramState | None:
        return next((state for state in self.states() if state.name == name), None)

    def shut_down(self) -> None:
        self.call("shutdown")


def launch(home: Home, programs: Iterable[Program]) -> Manager:
    """Start supervisord in a session of its own: a Ctrl-C reaches us, and we stop it in order."""
    home.control_file.write_text(control_file(home, list(programs)), encoding="utf-8")
    home.control_file.chmod(0o600)
    command = [sys.executable, "-m", "appliance.local.manager", "-c", str(home.control_file)]
    environment = os.environ | {"PLUMBLINE_HOME": str(home.folder)}
    with home.log_of("supervisord-output").open("w") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    manager = Manager(home.control_socket)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not manager.is_running():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ManagerUnreachable("the process manager did not start")
        time.sleep(0.05)
    return manager
