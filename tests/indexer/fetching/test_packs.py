"""Objects and refs of a mirror on their way to another host's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from indexer.errors import FetchFailed
from indexer.fetching.mirror import MARKER, held_for_writing, read_path
from indexer.fetching.objects import missing_objects
from indexer.fetching.packs import lines_of, read_refs, refs_of, take_over, write_pack
from tests.conftest import RepositoryFactory
from tests.gitrepos import Repository

ODD = b"refs/heads/\xff\xfe"  # no text in any encoding that we would guess


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory({"a.py": "a = 1\n", "b/c.py": "c = 3\n"})


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there" / "1.git"


def packs(repository: Repository, known: Iterable[str] = ()) -> list[bytes]:
    mirror = repository.path / ".git"
    return list(write_pack(mirror, refs_of(mirror).values(), known, block_bytes=100))


def test_a_mirror_comes_whole_and_then_only_what_is_new(
    repository: Repository, there: Path
) -> None:
    take_over(there, [packs(repository)], refs_of(repository.path / ".git"))
    assert read_path(there, repository.commits[0], "b/c.py", largest_blob=100) == b"c = 3\n"
    before = refs_of(there)
    repository.commit({"a.py": "a = 2\n"})
    second = packs(repository, before.values())
    whole = packs(repository)
    assert sum(map(len, second)) < sum(map(len, whole))
    take_over(there, [second], refs_of(repository.path / ".git"))
    assert read_path(there, repository.commits[1], "a.py", largest_blob=100) == b"a = 2\n"
    assert refs_of(there) == refs_of(repository.path / ".git")


def test_refs_become_those_of_the_other_host(repository: Repository, there: Path) -> None:
    mine = repository.path / ".git"
    repository.git("branch", "a")
    repository.git("tag", "--annotate", "v1", "-m", "One")
    take_over(there, [packs(repository)], refs_of(mine))
    repository.git("branch", "--delete", "a")
    repository.git("branch", "a/b")
    take_over(there, [], refs_of(mine))
    assert refs_of(there) == refs_of(mine)
    assert "refs/heads/a" not in refs_of(there)


def test_names_of_refs_may_be_any_bytes(repository: Repository, there: Path) -> None:
    mine = repository.path / ".git"
    (mine / "packed-refs").write_bytes(f"{repository.commits[0]} ".encode() + ODD + b"\n")
    refs = read_refs(lines_of(refs_of(mine)))
    assert ODD in lines_of(refs)
    take_over(there, [packs(repository)], refs)
    assert refs_of(there) == refs


def test_repositories_of_sha256_come_too(tmp_path: Path, there: Path) -> None:
    tmp_path.joinpath("long").mkdir()
    long = Repository(tmp_path / "long")
    long.git("init", "--quiet", "--object-format=sha256", ".")
    commit = long.commit({"a.py": "a = 1\n"})
    take_over(there, [packs(long)], refs_of(long.path / ".git"))
    assert len(commit) == 64
    assert read_path(there, commit, "a.py", largest_blob=100) == b"a = 1\n"


@pytest.mark.parametrize("damage", ["cut short", "changed", "not a pack"])
def test_a_damaged_pack_changes_no_ref(repository: Repository, there: Path, damage: str) -> None:
    take_over(there, [packs(repository)], refs_of(repository.path / ".git"))
    before = refs_of(there)
    repository.commit({"a.py": "a = 2\n"})
    pack = b"".join(packs(repository, before.values()))
    middle = len(pack) // 2
    damaged = {
        "cut short": pack[:middle],
        "changed": pack[:middle] + bytes([pack[middle] ^ 1]) + pack[middle + 1 :],
        "not a pack": b"x" * 1_000_000,
    }[damage]
    with pytest.raises(FetchFailed) as failure:
        take_over(there, [[damaged]], refs_of(repository.path / ".git"))
    assert failure.value.code == "mirror_damaged"
    assert refs_of(there) == before
    assert not list(there.glob("objects/pack/tmp_*"))


def test_refs_without_their_objects_are_refused(repository: Repository, there: Path) -> None:
    with pytest.raises(FetchFailed) as failure:
        take_over(there, [], refs_of(repository.path / ".git"))
    assert failure.value.code == "mirror_incomplete"
    assert refs_of(there) == {}


def test_a_mirror_in_which_somebody_works_is_busy(repository: Repository, there: Path) -> None:
    with held_for_writing(there), pytest.raises(FetchFailed) as failure:
        take_over(there, [packs(repository)], refs_of(repository.path / ".git"))
    assert failure.value.code == "mirror_busy"
    assert (there / MARKER).exists()


def test_what_is_known_and_not_here_does_not_matter(repository: Repository) -> None:
    gone = "1" * 40
    assert packs(repository, [gone]) == packs(repository)


def test_a_mirror_that_git_cannot_read_is_an_error(repository: Repository) -> None:
    mirror = repository.path / ".git"
    with pytest.raises(FetchFailed):
        list(write_pack(mirror, ["1" * 40], [], block_bytes=100))


def test_missing_objects_are_named(repository: Repository) -> None:
    there, gone = repository.commits[0], "1" * 40
    assert missing_objects(repository.path / ".git", [there, gone]) == {gone}
    assert missing_objects(repository.path / ".git", []) == set()
