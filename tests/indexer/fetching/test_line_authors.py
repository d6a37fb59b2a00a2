"""Who wrote lines: by git's own blame in the mirror, bounded, and nothing for what it cannot say."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.fetching import history
from indexer.fetching.history import LONGEST_NAME, line_authors
from indexer.fetching.location import parse_location
from indexer.fetching.mirror import fetch
from indexer.fetching.policy import LocationPolicy
from indexer.spans import Span
from tests.gitrepos import Repository

FILES = {"a.py": "one\ntwo\nthree\nauthor Eve\n", "--x": "dash\n", "odd [é] *.py": "x\n"}


@pytest.fixture
def written(repository: Repository, mirror: Path, policy: LocationPolicy) -> tuple[Path, str]:
    """Ada wrote the files, Grace changed the second line of one."""
    repository.commit(FILES)
    changed = FILES["a.py"].replace("two", "zwei")
    repository.commit({"a.py": changed})
    name = "Grace " + "x" * 300
    repository.git("commit", "--amend", "--no-edit", "--author", f"{name} <grace@example.com>")
    fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    return mirror, repository.git("rev-parse", "HEAD")


def names(written: tuple[Path, str], path: str, first: int, last: int) -> list[tuple[str, int]]:
    mirror, commit = written
    return [(one.name, one.lines) for one in line_authors(mirror, commit, path, Span(first, last))]


def test_who_wrote_most_of_the_lines_comes_first(written: tuple[Path, str]) -> None:
    grace = ("Grace " + "x" * 300)[:LONGEST_NAME]
    assert names(written, "a.py", 1, 4) == [("Ada Example", 3), (grace, 1)]
    assert names(written, "a.py", 2, 2) == [(grace, 1)]


@pytest.mark.parametrize("path", ["--x", "odd [é] *.py"])
def test_an_odd_path_is_only_a_path(path: str, written: tuple[Path, str]) -> None:
    assert names(written, path, 1, 1) == [("Ada Example", 1)]


@pytest.mark.parametrize(
    ("path", "first", "last"), [("none.py", 1, 1), ("a.py", 40, 50), ("*.py", 1, 1), ("src", 1, 1)]
)
def test_of_what_is_not_there_nobody_is_the_author(
    path: str, first: int, last: int, written: tuple[Path, str]
) -> None:
    assert names(written, path, first, last) == []


def test_a_commit_is_an_object_id(written: tuple[Path, str]) -> None:
    with pytest.raises(ValueError, match="not an object id"):
        line_authors(written[0], "--exec=x", "a.py", Span(1, 1))


def test_what_takes_too_long_is_given_up(
    written: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "TIME_LIMIT_S", 0.0)
    assert names(written, "a.py", 1, 4) == []


def test_without_a_mirror_nobody_is_named(tmp_path: Path) -> None:
    assert line_authors(tmp_path / "none.git", "a" * 40, "a.py", Span(1, 1)) == []
