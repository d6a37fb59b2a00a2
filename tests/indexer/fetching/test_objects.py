"""Reading a mirror: odd trees, large contents, long names."""

from __future__ import annotations

import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.location import parse_location
from indexer.fetching.mirror import (
    commit_facts,
    fetch,
    iter_tree,
    read_blobs,
)
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import FIRST_COMMIT_AT, Repository

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"


def mirrored(repository: Repository, mirror: Path, policy: LocationPolicy) -> Path:
    fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    return mirror


def test_a10_symbolic_links_are_listed_as_links_and_give_only_their_text(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    targets = {"a": "/etc/passwd", "b": "../../../app/.env", "c": "src", "d": "d"}
    for name, target in targets.items():
        (repository.path / name).symlink_to(target)
    commit = repository.commit({})
    mirrored(repository, mirror, policy)
    links = [entry for entry in list(iter_tree(mirror, commit)) if entry.is_symlink]
    assert [entry.path for entry in links] == list("abcd")
    assert not any(entry.is_file or entry.is_submodule for entry in links)
    texts = [content for _, content in read_blobs(mirror, [entry.object_id for entry in links])]
    assert texts == [target.encode() for target in targets.values()]


def test_modes_tell_files_programs_and_submodules_apart(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    blob = repository.store(b"x\n")
    pointer = repository.store(POINTER)
    commit = repository.commit_entries(
        {
            b"file": ("100644", blob),
            b"large.bin": ("100644", pointer),
            b"program": ("100755", blob),
            b"sub": ("160000", "b" * 40),
        }
    )
    entries = {
        entry.path: entry for entry in list(iter_tree(mirrored(repository, mirror, policy), commit))
    }
    assert entries["file"].is_file
    assert entries["program"].is_file
    assert entries["program"].mode == 0o100755
    assert entries["sub"].is_submodule
    assert entries["sub"].size is None
    assert entries["file"].size == 2
    ((_, content),) = read_blobs(mirror, [entries["large.bin"].object_id])
    assert content == POINTER


def test_odd_names_are_listed_and_undecodable_ones_marked(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    blob = ("100644", repository.store(b"x"))
    names = [b"a\nb", b"caf\xc3\xa9", b"con", b"latin-\xe9", b"n" * 4096, b"tab\there"]
    commit = repository.commit_entries(dict.fromkeys(names, blob))
    entries = list(iter_tree(mirrored(repository, mirror, policy), commit))
    assert [entry.path for entry in entries] == [
        *("a\nb", "caf\u00e9", "con", "latin-\\xe9", "n" * 4096, "tab\there")
    ]
    assert [entry.path for entry in entries if not entry.is_decodable] == ["latin-\\xe9"]


def test_a17_a_tree_bomb_ends_at_the_limit_of_entries(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    entry = ("100644", repository.store(b"x"))
    for _ in range(9):
        records = b"".join(
            entry[0].encode() + b" " + f"{number}".encode() + b"\0" + bytes.fromhex(entry[1])
            for number in range(10)
        )
        entry = ("40000", repository.store(records, "tree"))
    commit = repository.commit_entries({b"bomb": entry})
    mirrored(repository, mirror, policy)
    with pytest.raises(FetchRefused) as caught:
        list(iter_tree(mirror, commit, most_entries=10_000))
    assert caught.value.code == "too_many_files"


def test_contents_come_in_the_asked_order_and_large_ones_are_left_out(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    files = {f"{number:03}": f"{number}\n" * (number + 1) for number in range(200)}
    commit = repository.commit({**files, "big": b"\0" * 300_000, "empty": b""})
    entries = list(iter_tree(mirrored(repository, mirror, policy), commit))
    ids = [entry.object_id for entry in reversed(entries)]
    sizes = {entry.object_id: entry.size for entry in entries}
    found = list(read_blobs(mirror, ids, largest_blob=200_000))
    assert [object_id for object_id, _ in found] == [i for i in ids if (sizes[i] or 0) < 200_000]
    assert all(len(content) == sizes[object_id] for object_id, content in found)
    assert len(found) == len(ids) - 1


def test_reading_may_stop_early(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    commit = repository.commit({f"{n}": b"%d" % n * 100_000 for n in range(20)})
    entries = list(iter_tree(mirrored(repository, mirror, policy), commit))
    blobs = read_blobs(mirror, (entry.object_id for entry in entries))
    assert next(iter(blobs))
    blobs.close()  # type: ignore[attr-defined]


def test_missing_objects_and_wrong_ids_are_errors(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    mirrored(repository, mirror, policy)
    for read in (
        lambda: list(read_blobs(mirror, ["e" * 40])),
        lambda: list(iter_tree(mirror, "e" * 40)),
        lambda: commit_facts(mirror, "e" * 40),
    ):
        with pytest.raises(FetchFailed) as caught:
            read()
        assert caught.value.code == "object_unreadable"
    for wrong in ("HEAD", "--help", "main", "E" * 40, "e" * 41, "e" * 40 + "\n"):
        with pytest.raises(ValueError, match="not an object id"):
            list(iter_tree(mirror, wrong))
        with pytest.raises(ValueError, match="not an object id"):
            list(read_blobs(mirror, [wrong]))


def test_facts_of_a_commit(repository: Repository, mirror: Path, policy: LocationPolicy) -> None:
    commit = repository.commit({"a": "b"}, "Say what\n\nAnd why.")
    facts = commit_facts(mirrored(repository, mirror, policy), commit)
    assert facts.commit == commit
    assert facts.author_name == "Ada Example"
    assert facts.subject == "Say what"
    assert facts.committed_at == datetime.fromtimestamp(FIRST_COMMIT_AT + 60, tz=UTC)


def spent_s() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    own, waited = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + waited.ru_utime + waited.ru_stime


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "author",
    [
        b"A" * 20_000 + b" < 1750000000 +0000",
        b"A" * 20_000 + b" <a@b.example 1750000000 +0000",
        b"<" * 20_000 + b" 1750000000 +0000",
        b" <> 99999999999999999999 +9999",
        b"Latin-\xe9 <a@b.example> 1750000000 +0000",
    ],
)
def test_a19_odd_authors_neither_stop_nor_slow_a_fetch(
    author: bytes, repository: Repository, mirror: Path, policy: LocationPolicy, tmp_path: Path
) -> None:
    plain_s = -spent_s()
    mirrored(repository, tmp_path / "plain.git", policy)
    plain_s += spent_s()
    tree = repository.git("rev-parse", "HEAD^{tree}").encode()
    commit = repository.store(
        b"tree " + tree + b"\nauthor " + author + b"\ncommitter " + author + b"\n\nOdd\n", "commit"
    )
    repository.git("update-ref", "HEAD", commit)
    odd_s = -spent_s()
    facts = commit_facts(mirrored(repository, mirror, policy), commit)
    odd_s += spent_s()
    assert odd_s - plain_s < 1
    assert facts.subject == "Odd"
    assert len(facts.author_name) <= 200
