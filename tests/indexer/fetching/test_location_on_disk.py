"""Folders, repositories and bundles on this machine that people name."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.fetching.location import Location, parse_location
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import Repository, make_repository
from tests.indexer.fetching.places import refusal


def test_a_folder_a_bare_repository_and_a_bundle_are_found(
    tmp_path: Path, repository: Repository, policy: LocationPolicy
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    bundle = repository.bundle(tmp_path / "one.bundle")
    assert parse_location(str(repository.path), policy) == Location("path", str(repository.path))
    assert parse_location(str(bare), policy).kind == "path"
    assert parse_location(str(bundle), policy).kind == "bundle"


def test_a_relative_path_counts_from_the_working_directory(
    tmp_path: Path,
    repository: Repository,
    policy: LocationPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(repository.path)
    assert parse_location(".", policy).url_or_path == str(repository.path)


def test_a03_paths_outside_the_opened_folders_are_refused(
    tmp_path: Path, repository: Repository
) -> None:
    opened = tmp_path / "opened"
    opened.mkdir()
    (opened / "link").symlink_to(repository.path)
    policy = LocationPolicy(paths_allowed=True, path_roots=(opened,))
    assert refusal(str(repository.path), policy) == "path_not_allowed"
    assert refusal(str(opened / "link"), policy) == "path_not_allowed"
    assert refusal(f"{opened}/../work", policy) == "path_not_allowed"
    assert refusal("/etc", LocationPolicy(paths_allowed=True)) == "path_not_allowed"


def test_a_repository_that_borrows_from_outside_the_opened_folders_is_refused(
    tmp_path: Path, repository: Repository
) -> None:
    policy = LocationPolicy(paths_allowed=True, path_roots=(tmp_path / "opened",))
    secret = repository.path / ".git"

    pointing = make_repository(tmp_path / "opened" / "alternates")
    (pointing.path / ".git/objects/info/alternates").write_text(f"{secret}/objects\n")
    assert refusal(str(pointing.path), policy) == "path_not_allowed"

    linked = make_repository(tmp_path / "opened" / "linked")
    (linked.path / ".git/refs").rename(linked.path / "refs")
    (linked.path / ".git/refs").symlink_to(secret / "refs")
    assert refusal(str(linked.path), policy) == "path_not_allowed"

    worktree = tmp_path / "opened" / "worktree"
    repository.git("worktree", "add", "--quiet", "--detach", str(worktree))
    assert refusal(str(worktree), policy) == "path_not_allowed"


def test_what_is_no_repository_is_refused(tmp_path: Path, policy: LocationPolicy) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "loop").symlink_to("loop")
    assert refusal(str(tmp_path / "notes.txt"), policy) == "not_a_repository"
    assert refusal(str(tmp_path / "folder"), policy) == "not_a_repository"
    assert refusal(str(tmp_path / "absent"), policy) == "path_not_found"
    assert refusal(str(tmp_path / "loop"), policy) == "path_not_found"


def test_a_folder_without_git_is_watched_and_an_archive_is_known_by_its_name(
    tmp_path: Path, policy: LocationPolicy
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "Wiki.TAR.GZ").write_bytes(b"\x1f\x8b")
    assert parse_location(str(tmp_path / "folder"), policy).kind == "folder"
    assert parse_location(str(tmp_path / "Wiki.TAR.GZ"), policy).kind == "archive"


def test_a_git_file_without_end_is_not_read(tmp_path: Path, policy: LocationPolicy) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / ".git").write_text("gitdir: " + "a" * 10_000)
    assert refusal(str(folder), policy) == "not_a_repository"


def test_alternates_in_a_circle_end(repository: Repository, policy: LocationPolicy) -> None:
    objects = repository.path / ".git/objects"
    (objects / "info/alternates").write_text(f"{objects}\n")
    assert refusal(str(repository.path), policy) == "not_a_repository"
