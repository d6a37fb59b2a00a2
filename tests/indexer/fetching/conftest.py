"""What the fetching tests share: a git server, an open policy, and a git that records its calls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import Repository, make_repository
from tests.gitserver import GitServer, serve_git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(
        tmp_path / "work", {"README.md": "# One\n", "src/app.py": "def run() -> None: ...\n"}
    )


@pytest.fixture
def server(tmp_path: Path, repository: Repository) -> Iterator[GitServer]:
    """Serve the repository as /one.git."""
    root = tmp_path / "served"
    root.mkdir()
    repository.bare(root / "one.git")
    with serve_git(root) as running:
        yield running


@pytest.fixture
def policy(tmp_path: Path) -> LocationPolicy:
    """Open http, the loopback network and this test's folder."""
    return LocationPolicy(
        schemes=frozenset({"http", "https", "ssh"}),
        networks=("127.0.0.0/8",),
        paths_allowed=True,
        path_roots=(tmp_path,),
    )


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirrors" / "1.git"


@pytest.fixture
def git_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Record every argument and the environment of each git that is found on PATH."""
    log = tmp_path / "git-calls"
    log.touch()
    folder = tmp_path / "recording"
    folder.mkdir()
    wrapper = folder / "git"
    wrapper.write_text(
        f'#!/bin/sh\n{{ printf "%s\\n" "$@"; env; }} >> {log}\nexec {shutil.which("git")} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return log
