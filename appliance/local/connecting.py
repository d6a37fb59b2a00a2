"""The first repository: which one a start connects, and which were connected before."""

from __future__ import annotations

import json
from pathlib import Path

from appliance.local.choices import Choices, Repository
from appliance.local.home import Home


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
        return [str(location) for location in json.loads(record(home).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def remember(home: Home, repository: Repository) -> None:
    locations = [*connected(home), repository.location]
    record(home).write_text(json.dumps(locations), encoding="utf-8")


def record(home: Home) -> Path:
    return home.folder / "connected.json"
