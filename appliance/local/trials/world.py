"""An appliance of its own for a trial: real programs, a paced fake model, sources and people.

Each source holds a marker that stands in no other, and each person may read one source. So whoever
is shown a marker that is not theirs was shown what they may not read.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.local.home import ROOT, Home, home_from
from appliance.local.supervisor import Manager

MARKERS = ("albatross", "bittern", "cormorant", "dunlin", "egret", "fulmar")
CODE = '''def total_of_{marker}(cart):
    """Return the total of a cart: the prices of its items, added up."""
    return sum(item.price for item in cart)
'''
QUESTION = "How is the total of a cart added up from the prices of its items?"
SEARCH = "total of a cart"
IDENTITY = ("-c", "user.name=trial", "-c", "user.email=trial@localhost")
OURS = ("PLUMBLINE_", "DJANGO_")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token who may read one source."""

    name: str
    token: str
    marker: str


@dataclass(frozen=True, slots=True)
class World:
    home: Home
    port: int
    people: tuple[Person, ...]
    repositories: Mapping[str, Path]  # marker -> its repository; the source has the same name
    git: threading.Lock  # two commits at once would refuse each other

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def manager(self) -> Manager:
        return Manager(self.home.control_socket)

    def commit(self, marker: str, name: str, text: str) -> None:
        with self.git:
            (self.repositories[marker] / name).write_text(text, encoding="utf-8")
            git(self.repositories[marker], "add", ".")
            git(self.repositories[marker], "commit", "--quiet", "-m", f"Add {name}")

    def tree(self, marker: str) -> dict[str, str]:
        """Return the paths of the newest commit with their object ids, as git has them."""
        lines = git(self.repositories[marker], "ls-tree", "-r", "HEAD").splitlines()
        return {line.split("\t")[1]: line.split()[2] for line in lines}


@contextmanager
def running(
    folder: Path, model_url: str, *, sources: int, people: int, extra: Mapping[str, str]
) -> Iterator[World]:
    """Start everything in this folder; `extra` are further settings and variables."""
    repositories = {marker: _repository(folder, marker) for marker in MARKERS[:sources]}
    environment = environment_of(folder, model_url, next(iter(repositories.values())), extra)
    with started(environment) as home:
        made = _people(repositories, people)
        yield World(home, int(environment["PORT"]), made, repositories, threading.Lock())


@contextmanager
def started(environment: Mapping[str, str]) -> Iterator[Home]:
    """Start an appliance, and let this process work with its tables."""
    try:
        _local("up", environment)
        os.environ["PLUMBLINE_HOME"] = environment["PLUMBLINE_HOME"]
        os.environ["DJANGO_SETTINGS_MODULE"] = "appliance.config.settings"
        yield home_from(environment)
    finally:
        _local("down", environment)


def environment_of(
    folder: Path, model_url: str, repository: Path, extra: Mapping[str, str]
) -> dict[str, str]:
    """Return what an appliance in this folder is started with."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
    return kept | {
        "PLUMBLINE_HOME": str(folder / "home"),
        "PORT": str(port),
        "MODEL": model_url,
        "REPO": str(repository),
        "PLUMBLINE_API_REQUESTS_PER_MINUTE": "0",
        "PLUMBLINE_REQUESTS_AT_ONCE": "0",  # a few people stand for many
        "PLUMBLINE_QUESTIONS_AT_ONCE": "0",
        "PLUMBLINE_EGRESS": "off",  # nothing outside this machine is ever asked
        "PLUMBLINE_READERS": "1",
        "START_PATIENCE_S": "600",
        **extra,
    }


def _local(command: str, environment: Mapping[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "appliance.local", command],
        cwd=ROOT,
        env=dict(environment),
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode and command == "up":
        raise SystemExit(f"the appliance did not start:\n{ended.stdout}{ended.stderr}")


def _repository(folder: Path, marker: str) -> Path:
    path = folder / marker
    path.mkdir()
    (path / "cart.py").write_text(CODE.format(marker=marker), encoding="utf-8")
    git(path, "init", "--quiet", "--initial-branch=main")
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")
    return path


def git(path: Path, *words: str) -> str:
    """Run git on a repository of the trial, whoever it belongs to."""
    command = ("git", "-c", "safe.directory=*", *IDENTITY, "-C", str(path), *words)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _people(repositories: Mapping[str, Path], count: int) -> tuple[Person, ...]:
    """Connect the sources and make people, each of whom may read one of them."""
    import django

    django.setup()
    from django.contrib.auth.models import Group

    from appliance.accounts.models import TokenRight, User
    from appliance.accounts.tokens import create_token
    from appliance.audit.acting import COMMAND_LINE
    from appliance.sources.granting import set_grant
    from appliance.sources.managing import connect
    from indexer.models import Source

    for marker, path in repositories.items():
        source = Source.objects.filter(name=marker).first()
        source = source or connect(str(path), name=marker, from_command_line=True)
        set_grant(f"readers of {marker}", source)
    made = []
    for number in range(count):
        marker = list(repositories)[number % len(repositories)]
        user = User.objects.create_user(f"person{number}")
        user.groups.add(Group.objects.get(name=f"readers of {marker}"))
        rights = (TokenRight.READ, TokenRight.ASK)
        token = create_token(user, name="trial", rights=rights, by=COMMAND_LINE)
        made.append(Person(user.username, token.text, marker))
    return tuple(made)
