"""The files of a commit are written as plain files: only what is wanted, never a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.fetching.exporting import TooLarge, export_tree
from tests.gitrepos import Repository, make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    files = {"a.txt": "a\n", "run.sh": "#!/bin/sh\n", "deep/b.txt": "a\n", "secret/c.txt": "c\n"}
    repository = make_repository(tmp_path / "work", files)
    (repository.path / "run.sh").chmod(0o755)
    (repository.path / "link").symlink_to("/etc/passwd")
    repository.commit({".gitattributes": "*.txt eol=crlf\n"})
    return repository


def exported(repository: Repository, folder: Path, **limits: int) -> set[str]:
    folder.mkdir()
    export_tree(
        repository.path / ".git",
        repository.commits[-1],
        folder,
        is_wanted=lambda path: not path.startswith("secret/"),
        most_bytes=limits.get("most_bytes", 10_000),
    )
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_wanted_files_are_written_as_git_has_them(repository: Repository, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert exported(repository, out) == {"a.txt", "run.sh", "deep/b.txt", ".gitattributes"}
    assert (out / "deep/b.txt").read_bytes() == b"a\n"
    assert (out / "run.sh").stat().st_mode & 0o111
    assert not (out / "a.txt").stat().st_mode & 0o111


def test_too_much_is_not_written(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        exported(repository, tmp_path / "out", most_bytes=5)
    assert list((tmp_path / "out").iterdir()) == []


def test_paths_that_lead_elsewhere_are_left_out(repository: Repository, tmp_path: Path) -> None:
    blob = repository.store(b"evil")
    below = repository.store(b"100644 x\0" + bytes.fromhex(blob), "tree")
    repository.commit_entries(
        {b"..": ("40000", below), b".git": ("40000", below), b"ok": ("100644", blob)}
    )
    assert exported(repository, tmp_path / "out") == {"ok"}
    assert not (tmp_path / "x").exists()
