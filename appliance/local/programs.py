"""The programs that make up Plumbline on one machine, in the order in which they start."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.local import valkey
from appliance.local.choices import Choices
from appliance.local.home import Home

SERVICES, APPLICATION, MODEL = "services", "application", "model"
SMALL = "small"
# The code by which the model's program says: trying again changes nothing.
GIVE_UP_CODE = 75


@dataclass(frozen=True, slots=True)
class Program:
    """One process under the process manager; programs of a group stop at the same time."""

    group: str
    name: str
    command: tuple[str, ...]
    stop_signal: str = "TERM"
    stop_wait_s: int = 6
    # Whether the signal goes to the children too, for programs that do not pass it on.
    stop_children: bool = False
    environment: str = ""  # as supervisord writes it

    @property
    def full_name(self) -> str:
        return f"{self.group}:{self.name}"


def programs(home: Home, choices: Choices, *, cache: Path, model_port: int) -> list[Program]:
    return [*services(home), *application(choices), *model(home, choices, cache, model_port)]


def services(home: Home) -> list[Program]:
    database = ("-m", "appliance.local.postgres", str(home.database), str(home.database_sockets))
    queue = valkey.server_command(home.queue_socket, home.folder)
    return [
        # SIGINT is PostgreSQL's fast shutdown: it ends connections and writes a checkpoint.
        Program(SERVICES, "postgres", (sys.executable, *database), "INT", 20),
        Program(SERVICES, "valkey", tuple(queue)),
    ]


def application(choices: Choices) -> list[Program]:
    web = ("-m", "uvicorn", "appliance.config.asgi:application")
    options = ("--no-access-log", "--timeout-graceful-shutdown", "2", "--log-level", "warning")
    address = ("--host", choices.bind, "--port", str(choices.port))
    threads = ("--concurrency", "28")
    return [
        Program(APPLICATION, "web", (sys.executable, *web, *address, *options)),
        # Threads: a sync waits for git, for the reading children and for PostgreSQL.
        celery("worker", "--queues", "sync", "--pool", "threads", "--concurrency", "4"),
        # One at a time: computing vectors takes all cores by itself.
        celery("worker-embed", "--queues", "embed", "--pool", "threads", "--concurrency", "1"),
        # Threads that wait for the model: one for each of PLUMBLINE_ANSWERS_AT_ONCE (24), and a few
        # for what has to be done meanwhile.
        replace(
            celery("worker-ask", "--queues", "ask,upkeep", "--pool", "threads", *threads),
            environment='PLUMBLINE_DATABASE_ROLE="ask"',
        ),
        scheduler(),
    ]


def celery(name: str, *options: str) -> Program:
    command = ("-m", "celery", "-A", "appliance.config", "worker", "--hostname", f"{name}@local")
    quiet = ("--loglevel", "info", "--without-gossip", "--without-mingle")
    # At once instead of after the present job: a stopped job goes on at the next start.
    return Program(
        APPLICATION, name, (sys.executable, *command, *quiet, *options), "TERM", stop_wait_s=3
    )


def scheduler() -> Program:
    command = ("-m", "celery", "-A", "appliance.config", "beat", "--pidfile", "")
    return Program(APPLICATION, "scheduler", (sys.executable, *command))


def model(home: Home, choices: Choices, cache: Path, port: int) -> list[Program]:
    if not choices.model.is_served_here:
        return []
    arguments = (str(home.model_state_file), str(cache), str(port), choices.model.place or SMALL)
    command = (sys.executable, "-m", "appliance.local.model", *arguments)
    return [Program(MODEL, "model", command, stop_children=True)]
