"""The history as git tells it: order, renames, odd names, and messages made to break the reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.errors import FetchFailed
from indexer.fetching import log
from indexer.fetching.location import parse_location
from indexer.fetching.log import LoggedCommit, is_ancestor, read_log
from indexer.fetching.mirror import fetch
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import FIRST_COMMIT_AT, Repository

Read = Callable[..., list[LoggedCommit]]


@pytest.fixture
def logged(repository: Repository, mirror: Path, policy: LocationPolicy) -> Read:
    def read(commit: str, *, since: str = "", limit: int = 100) -> list[LoggedCommit]:
        fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
        return list(read_log(mirror, commit, since=since, limit=limit, time_limit_s=30))

    return read


def test_commits_come_newest_first_with_who_when_why_and_what(
    repository: Repository, logged: Read
) -> None:
    repository.commit({"a.py": "1\n"}, "Begin")
    head = repository.commit({"a.py": "2\n", "b/c.py": "3\n"}, "Count on\n\nBecause of reasons.")
    newest, *_ = logged(head)
    assert newest.oid == head
    assert newest.author == "Ada Example"
    assert newest.message == "Count on\n\nBecause of reasons."
    assert newest.paths == ("a.py", "b/c.py")
    assert newest.committed_at == datetime.fromtimestamp(
        FIRST_COMMIT_AT + 60 * (len(repository.commits) - 1), tz=UTC
    )
    assert [one.message for one in logged(head)][:2] == ["Count on\n\nBecause of reasons.", "Begin"]


def test_only_what_is_new_is_told(repository: Repository, logged: Read) -> None:
    older = repository.commit({"a.py": "1\n"}, "Older")
    newer = repository.commit({"a.py": "2\n"}, "Newer")
    assert [one.oid for one in logged(newer, since=older)] == [newer]
    assert [one.oid for one in logged(newer, limit=1)] == [newer]


def test_renames_are_told_with_both_names(repository: Repository, logged: Read) -> None:
    text = "".join(f"line {n}\n" for n in range(40))
    repository.commit({"old.py": text})
    head = repository.commit({"old.py": None, "new.py": text}, "Move it away")
    assert logged(head)[0].renames == (("old.py", "new.py"),)
    assert logged(head)[0].paths == ("new.py",)


def test_merges_are_left_out(repository: Repository, logged: Read) -> None:
    repository.commit({"a.py": "1\n"})
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"b.py": "1\n"}, "On the side")
    repository.git("checkout", "--quiet", "main")
    repository.commit({"c.py": "1\n"}, "On main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge the side", "side")
    told = logged(repository.git("rev-parse", "HEAD"))
    assert "Merge the side" not in [one.message for one in told]
    assert {"On the side", "On main"} <= {one.message for one in told}


@pytest.mark.parametrize(
    "message",
    [
        "\x01" + "a" * 40,
        "Subject\n\n\x01" + "a" * 40 + "\nM\nother.py",
        "R100\nold\nnew",
        "\x1b[31mred\x1b[0m \u202eevil",
        "日本語 😀",
        "x" * 200_000,
    ],
    ids=["header", "header-inside", "status", "control", "unicode", "huge"],
)
def test_no_message_breaks_out_of_its_commit(
    repository: Repository, logged: Read, message: str
) -> None:
    repository.commit({"first.py": "1\n"}, "First")
    (repository.path / "message").write_text(message, encoding="utf-8")
    (repository.path / "a.py").write_text("2\n")
    repository.git("add", "a.py")
    repository.git("commit", "--quiet", "--cleanup=verbatim", "-F", "message")
    head = repository.git("rev-parse", "HEAD")
    newest, second, *_ = logged(head)
    assert (newest.oid, newest.paths) == (head, ("a.py",))
    assert newest.message == message.strip()[: log.MAX_MESSAGE]
    assert (second.message, second.paths) == ("First", ("first.py",))


def test_bytes_that_are_no_text_are_replaced(repository: Repository, logged: Read) -> None:
    tree = repository.git("write-tree")
    raw = (
        f"tree {tree}\nauthor \xff\xfe <a@b> 99999999999999 +0000\n"
        "committer x <a@b> 99999999999999 +0000\n\n\xc3\x28 broken\n"
    ).encode("latin-1")
    odd = repository.store(raw, "commit")
    repository.git("update-ref", "refs/heads/main", odd)
    assert logged(odd)[0].message.endswith("broken")
    assert logged(odd)[0].committed_at.year == 2100


@pytest.mark.parametrize(
    "name",
    ["with\nnewline.py", "\x01" + "a" * 40, 'tab\tquote".py', "M", "ünï.py"],
    ids=["newline", "header", "quote", "status", "unicode"],
)
def test_odd_names_come_as_they_are(repository: Repository, logged: Read, name: str) -> None:
    head = repository.commit({name: "1\n", "plain.py": "1\n"}, "Odd names")
    assert set(logged(head)[0].paths) == {name, "plain.py"}


def test_a_commit_of_too_many_files_names_none(repository: Repository, logged: Read) -> None:
    head = repository.commit({f"f{n}.py": "1\n" for n in range(log.MAX_PATHS + 1)}, "Everything")
    assert logged(head)[0].paths == ()


def test_what_does_not_fit_into_the_memory_is_left_out(
    repository: Repository, logged: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [repository.commit({"a.py": f"{n}\n"}, "x" * 50) for n in range(6)]
    monkeypatch.setattr(log, "MAX_TEXT", 120)
    assert len(logged(commits[-1])) == 2


def test_a_slow_or_a_broken_history_says_so(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    head = repository.commit({"a.py": "1\n"})
    fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    with pytest.raises(FetchFailed, match="cannot read the history"):
        list(read_log(mirror, "f" * 40, limit=5, time_limit_s=30))
    with pytest.raises(FetchFailed, match="longer than 0 s"):
        list(read_log(mirror, head, limit=5, time_limit_s=0))
    with pytest.raises(ValueError, match="not an object id"):
        list(read_log(mirror, "--output=/tmp/x", limit=5, time_limit_s=30))


def test_who_comes_before_whom(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    older = repository.commit({"a.py": "1\n"})
    newer = repository.commit({"a.py": "2\n"})
    fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert is_ancestor(mirror, older, newer)
    assert not is_ancestor(mirror, newer, older)
    assert not is_ancestor(mirror, "e" * 40, newer)
