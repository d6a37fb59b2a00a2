"""Pairs from repositories: history, files, provenance; what is measured on or not free stays out."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.training.extract import extract_repository
from inference.training.history import commit_pairs
from inference.training.licences import is_permissive, licence_of
from inference.training.pairs import read_pairs
from tests.gitrepos import Repository, make_repository

MIT = "Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = make_repository(
        tmp_path / "someone+project" / "repo",
        {"LICENSE": MIT, "reader.py": "def read(line):\n    return line.split()\n"},
    )
    made.commit(
        {"reader.py": "def read(line):\n    return line.strip().split()\n"},
        "fix: blanks at the end of a line are no words (#12)\n\nSigned-off-by: A <a@example.com>",
    )
    made.commit({"reader.py": "def read(line):\n    return []\n"}, "Bump version to 2.0")
    return made


def test_a_commit_asks_for_the_lines_as_they_were_before(repository: Repository) -> None:
    (pair,) = commit_pairs(repository.path / ".git", newest=10)
    assert "blanks at the end of a line are no words" in pair.query
    assert "#12" not in pair.query
    assert "Signed-off" not in pair.query
    assert pair.document == "reader.py\ndef read(line):\n    return line.split()"


def test_a_repository_is_written_down_with_its_provenance(
    repository: Repository, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    extract_repository(repository.path.parent, out)
    name, licence, commit, *counts = (out / "provenance.tsv").read_text().strip().split("\t")
    assert (name, licence, commit) == (
        "someone/project",
        "MIT",
        repository.git("rev-parse", "HEAD"),
    )
    pairs = list(read_pairs(out / "someone+project.jsonl.gz"))
    assert len(pairs) == sum(map(int, counts)) == 1


def test_a_repository_without_a_free_licence_is_left_out(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"LICENSE": "All rights reserved."}, "Close it")
    extract_repository(repository.path.parent, tmp_path)
    assert not (tmp_path / "provenance.tsv").exists()


def test_what_the_product_is_measured_on_is_left_out(
    repository: Repository, tmp_path: Path
) -> None:
    measured = repository.path.parent.rename(tmp_path / "pallets+flask")
    extract_repository(measured, tmp_path)
    assert not (tmp_path / "provenance.tsv").exists()


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (MIT, "MIT"),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE", None),
    ],
)
def test_a_licence_is_told_by_its_words(text: str, licence: str | None) -> None:
    assert licence_of([text]) == licence


@pytest.mark.parametrize(
    ("said", "is_free"),
    [("MIT License", True), ("Apache Software License", True), ("MPL-2.0 AND MIT", False)],
)
def test_a_package_says_its_licence_in_a_few_words(said: str, is_free: bool) -> None:
    assert is_permissive(said) == is_free
