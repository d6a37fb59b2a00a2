"""What the mirror tells of one file: masked as a whole, bounded, and never of what is not text."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import FetchFailed
from indexer.fetching import blame, log
from indexer.fetching.differing import MOST_LINES, differences
from indexer.history import paths
from indexer.history.paths import Change, blame_of, change_of, history_of
from tests.gitrepos import Repository, make_repository

KEYS = ("glpat-Zz9Qw8Er7Ty6Ui5Op4As", "glpat-Zz9Qw8Er7Ty6Ui5Op4Bt")
BODY = "".join(f"line_{number} = {number}\n" for number in range(30))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "work", {"a.py": f'KEY = "{KEYS[0]}"\n{BODY}'})


def last_change(repository: Repository, path: str = "a.py", *, max_bytes: int = 10**6) -> Change:
    history = history_of(repository.path / ".git", repository.commits[-1], path, lambda _: True)
    return change_of(repository.path / ".git", history.commits[0], max_bytes=max_bytes)


def test_a_secret_that_alone_was_changed_is_not_shown(repository: Repository) -> None:
    repository.commit({"a.py": f'KEY = "{KEYS[1]}"\n{BODY}'}, f"Renew {KEYS[1]}")
    change = last_change(repository)
    assert change.lines == ()
    assert "a secret that is masked in both versions" in change.hidden


def test_a_key_of_many_lines_is_masked_though_the_change_shows_a_part_of_it(
    repository: Repository,
) -> None:
    body = "\n".join(
        "MIIEpAIBAAKCAQEA7Qx9zP3kVb1nR8sT5wY2uI6oLcDeFgHjKmNpQrStUvWx" for _ in range(9)
    )
    pem = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    repository.commit({"a.py": f'KEY = """{pem}"""\n{BODY}'})
    repository.commit({"a.py": f'KEY = """{pem.replace("sT5wY2", "sT5wY3")}"""\n{BODY}end = 1\n'})
    change = last_change(repository)
    assert "MIIE" not in str(change)
    assert [line.text for line in change.lines if line.kind == "added"] == ["end = 1"]


def test_hidden_characters_are_shown_by_their_number(repository: Repository) -> None:
    repository.commit({"a.py": f"{BODY}x = '\u202e'\n"}, "Hide \u202e and \u200b")
    change = last_change(repository)
    assert "\u202e" not in str(change)
    assert any("[U+202E]" in line.text for line in change.lines)
    history = history_of(repository.path / ".git", repository.commits[-1], "a.py", lambda _: True)
    assert history.commits[0].subject == "Hide [U+202E] and"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\x01\x02" * 100, "Not text"),
        (b"%PDF-1.7 one\n" * 9, "lines of its own"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 1\n",
            "LFS",
        ),
        (b"x = 1\n" * 3000, "Larger than the limit"),
    ],
)
def test_a_version_that_the_index_would_not_hold_is_not_shown(
    content: bytes, said: str, repository: Repository
) -> None:
    repository.commit({"a.py": content})
    repository.commit({"a.py": BODY})
    change = last_change(repository, max_bytes=10_000)
    assert change.lines == ()
    assert said in change.hidden


def test_a_link_that_became_a_file_is_shown_as_a_new_one(repository: Repository) -> None:
    (repository.path / "b.py").symlink_to("/etc/passwd")
    repository.commit({}, "Link")
    (repository.path / "b.py").unlink()
    repository.commit({"b.py": "x = 1\n"}, "File")
    change = last_change(repository, "b.py")
    assert [(line.kind, line.text) for line in change.lines] == [("added", "x = 1")]


def test_emptied_files_and_new_modes_have_a_sentence_or_lines(repository: Repository) -> None:
    repository.git("update-index", "--chmod=+x", "a.py")
    repository.commit_index("Mode")
    history = history_of(repository.path / ".git", repository.commits[-1], "a.py", lambda _: True)
    mode = change_of(repository.path / ".git", history.commits[0], max_bytes=10**6)
    assert "left its lines as they were" in mode.hidden
    repository.commit({"a.py": ""}, "Empty")
    assert {line.kind for line in last_change(repository).lines} == {"removed"}


def test_differences_have_numbers_and_are_cut() -> None:
    found = differences("a\nb\nc\n-- x\n", "a\nB\nc\n++ y\n@@ -1 +1 @@\n", around=0)
    assert [(one.kind, one.before, one.after, one.text, one.begins) for one in found.lines] == [
        ("removed", 2, None, "b", True),
        ("added", None, 2, "B", False),
        ("removed", 4, None, "-- x", True),
        ("added", None, 4, "++ y", False),
        ("added", None, 5, "@@ -1 +1 @@", False),
    ]
    long = differences("", "x\n" * (MOST_LINES + 5))
    assert (len(long.lines), long.is_cut) == (MOST_LINES, True)


def test_no_mirror_and_no_time_are_said(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror, commit = repository.path / ".git", repository.commits[-1]
    gone = mirror.with_name("gone")
    with pytest.raises(FetchFailed, match="no copy of the repository"):
        blame_of(gone, commit, "a.py")
    with pytest.raises(FetchFailed, match="no copy of the repository"):
        history_of(gone, commit, "a.py", lambda _: True)
    monkeypatch.setattr(blame, "TIME_LIMIT_S", 0.0)
    with pytest.raises(FetchFailed, match="history is too long"):
        blame_of(mirror, commit, "a.py")
    monkeypatch.undo()
    assert len(blame_of(mirror, commit, "a.py").lines) == 31  # what failed was not kept
    late = log.read_path_log(mirror, commit, "a.py", limit=9, time_limit_s=0.0)
    assert not late.is_whole or late.commits


def test_a_long_history_is_cut(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        repository.commit({"a.py": f"{BODY}n = {number}\n"})
    monkeypatch.setattr(paths, "MOST_COMMITS", 3)
    history = history_of(repository.path / ".git", repository.commits[-1], "a.py", lambda _: True)
    assert (len(history.commits), history.is_whole) == (3, False)


@pytest.mark.parametrize("commit", ["--output=/tmp/x", "HEAD", "main", "", "0" * 39])
def test_a_commit_is_an_object_id(commit: str, repository: Repository) -> None:
    mirror = repository.path / ".git"
    with pytest.raises(ValueError, match="not an object id"):
        blame_of(mirror, commit, "a.py")
    with pytest.raises(ValueError, match="not an object id"):
        history_of(mirror, commit, "a.py", lambda _: True)
