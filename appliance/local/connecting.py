"""The first repository: connected once, readable by everyone who signs in."""

from __future__ import annotations

import json
from pathlib import Path

from appliance.local.choices import Choices, Repository
from appliance.local.commands import manage
from appliance.local.home import Home
from appliance.local.progress import Progress

GROUP = "everyone"


def repository_to_connect(home: Home, choices: Choices) -> Repository | None:
    """Return what this start connects: the default only once, REPO whenever it is new."""
    earlier = connected(home)
    repository = choices.repository
    if repository is None or repository.location in earlier:
        return None
    if earlier and not choices.is_repository_asked_for:
        return None
    return repository


def connected(home: Home) -> list[str]:
    try:
        return [str(location) for location in json.loads(record(home).read_text())]
    except (OSError, ValueError):
        return []


def record(home: Home) -> Path:
    return home.folder / "connected.json"


def connect(home: Home, repository: Repository, progress: Progress) -> None:
    with progress.step(f"Connect {repository.name}") as step:
        manage("connect", repository.location, "--name", repository.name, tell=step.tell)
        manage("grant", GROUP, repository.name)
    record(home).write_text(json.dumps([*connected(home), repository.location]), encoding="utf-8")
