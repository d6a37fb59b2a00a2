"""The start, step by step: services, tables, web and workers, then the first repository."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from appliance.local import postgres, valkey
from appliance.local import settings as local_settings
from appliance.local.choices import Choices
from appliance.local.commands import manage
from appliance.local.connecting import remember, repository_to_connect
from appliance.local.embedding import ensure_embedding_files
from appliance.local.home import (
    ROOT,
    Home,
    HomeInUse,
    in_use,
    make_folders,
    read_settings,
    starting,
    write_settings,
)
from appliance.local.leftovers import end_leftovers
from appliance.local.preflight import (
    SMALL_MODEL_BYTES,
    check_compiler,
    check_disk,
    check_folder,
    check_port,
)
from appliance.local.programs import APPLICATION, MODEL, Program, programs
from appliance.local.progress import Progress
from appliance.local.readiness import http_status, wait_for, worker_answers
from appliance.local.supervisor import Manager, launch

INSTALL_SECONDS_FILE = ROOT / ".venv" / "plumbline-install.json"
WORKERS = ("worker", "worker-embed", "worker-ask")


@dataclass(frozen=True, slots=True)
class Running:
    """A started appliance."""

    home: Home
    choices: Choices
    manager: Manager
    programs: list[Program]
    chat_url: str
    new_password: str  # empty after the first start
    connected: str  # the source that this start connected, or empty

    @property
    def address(self) -> str:
        return web_address(self.choices)


def web_address(choices: Choices) -> str:
    """Return the address under which this machine reaches its own server."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to
    host = reached.get(choices.bind, choices.bind)
    return f"http://{f'[{host}]' if ':' in host else host}:{choices.port}/"


@contextmanager
def claimed(home: Home, choices: Choices) -> Iterator[None]:
    """Hold the data folder for one start, and refuse what cannot work before anything runs."""
    make_folders(home)
    with starting(home):
        if Manager(home.control_socket).is_running():
            raise HomeInUse(in_use(home))
        end_leftovers(home.control_socket)
        check_before(home, choices)
        yield


def start(home: Home, choices: Choices, progress: Progress) -> Running:
    """Start everything and return when web and workers answer; a caller that fails must stop it."""
    take_install_seconds(progress)
    cache = local_settings.own_cache(os.environ)
    chosen, chat_url = settle(home, choices, cache)
    manager = launch(home, chosen)
    start_services(home, manager, chosen, progress)
    if read_settings(home.settings_file).get("PLUMBLINE_EMBEDDING") == "minilm":
        ensure_embedding_files(cache, progress)
    password, connected = prepare_database(home, choices, progress)
    running = Running(home, choices, manager, chosen, chat_url, password, connected)
    start_application(running, progress)
    return running


def check_before(home: Home, choices: Choices) -> None:
    check_folder(home.folder)
    check_port(choices.bind, choices.port)
    if choices.model.is_served_here and not (ROOT / ".venv-vllm").exists():
        if platform.system() == "Linux":
            check_compiler()
        check_disk(ROOT, SMALL_MODEL_BYTES)


def take_install_seconds(progress: Progress) -> None:
    """Count the installation that came just before this start, once."""
    try:
        shown = json.loads(INSTALL_SECONDS_FILE.read_text(encoding="utf-8"))
        INSTALL_SECONDS_FILE.unlink()
    except (OSError, ValueError):
        return
    progress.record("Product packages", float(shown["seconds"]), note="before this start")
    progress.started -= float(shown["seconds"])


def settle(home: Home, choices: Choices, cache: Path) -> tuple[list[Program], str]:
    """Write the settings and return the programs and the chat model's address."""
    port = local_settings.model_port(home)
    values = local_settings.settings_for(home, choices, model_port=port, environ=dict(os.environ))
    write_settings(home.settings_file, values)
    local_settings.take_from_file(home)
    home.model_state_file.unlink(missing_ok=True)
    return programs(home, choices, cache=cache, model_port=port), values["PLUMBLINE_CHAT_URL"]


def start_services(home: Home, manager: Manager, chosen: list[Program], progress: Progress) -> None:
    database, queue = chosen[:2]
    with progress.step("PostgreSQL"):
        manager.start(database)
        manager.start(queue)
        sockets = home.database_sockets
        wait_for(home, manager, database.name, lambda: postgres.accepts_connections(sockets))
        postgres.ensure_database(sockets)
    with progress.step("Valkey"):
        wait_for(home, manager, queue.name, lambda: valkey.answers(home.queue_socket))


def prepare_database(home: Home, choices: Choices, progress: Progress) -> tuple[str, str]:
    """Bring tables and static files up to date and connect the first repository.

    Return the first admin's password and the name of the source, each empty when not new.
    """
    repository = repository_to_connect(home, choices)
    options = ["--connect", repository.location, "--name", repository.name] if repository else []
    with progress.step("Tables and static files"):
        answer = json.loads(manage("prepare", *options).splitlines()[-1])
    if repository and answer["problem"]:
        progress.warn(f"{repository.location} is not connected: {answer['problem']}")
    elif repository:
        remember(home, repository)
        return answer["password"], repository.name
    return answer["password"], ""


def start_application(running: Running, progress: Progress) -> None:
    home, manager = running.home, running.manager
    for program in running.programs:
        if program.group == APPLICATION:
            manager.start(program)
    with progress.step("Web"):
        wait_for(home, manager, "web", lambda: http_status(running.address, "/healthz/") == 200)
    with progress.step("Workers"):
        broker = valkey.address(home.queue_socket)
        for name in WORKERS:
            wait_for(home, manager, name, partial(worker_answers, broker, name))
    for program in running.programs:
        if program.group == MODEL:
            manager.start(program)
