"""A site with two hosts: each has mirrors of its own, and both come to have what one fetched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from appliance.sources.managing import remove
from indexer import clients, mirrors
from indexer.errors import FetchFailed, LeaseLost
from indexer.fetching.mirror import held_for_writing, read_path
from indexer.fetching.packs import refs_of, take_over, write_pack
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.pruning import prune_mirrors
from indexer.models import Job, MirrorPack, MirrorPart, Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import live_tree, tree

Move = Callable[[str], None]
EMPTY_PACK = 32  # bytes: a header and a hash


@pytest.fixture
def on(settings: Settings, tmp_path: Path, source_factory: SourceFactory) -> Move:
    """Go on as another host: the same database, and folders of its own."""
    settings.SHARE_MIRRORS = True

    def move(host: str) -> None:
        settings.MIRRORS_DIR = tmp_path / host / "mirrors"
        settings.UPLOADS_DIR = tmp_path / host / "uploads"

    move("one")
    return move


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory({"cart.py": "def total(items):\n    return sum(items)\n"})


@pytest.fixture
def source(on: Move, source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


def content(source: Source, commit: str, path: str = "cart.py") -> bytes | None:
    return read_path(mirrors.at_hand(source), commit, path, largest_blob=1000)


def test_another_host_has_what_one_fetched(
    source: Source, repository: Repository, on: Move
) -> None:
    on("two")
    assert content(source, repository.commits[0]) == b"def total(items):\n    return sum(items)\n"


def test_on_one_host_nothing_goes_to_the_database(
    settings: Settings, source_factory: SourceFactory, repository: Repository
) -> None:
    source = source_factory("shop", repository=repository)
    assert not settings.SHARE_MIRRORS
    assert content(source, repository.commits[0])
    assert not MirrorPack.objects.exists()


def test_workers_of_two_hosts_take_turns(source: Source, repository: Repository, on: Move) -> None:
    for turn in range(6):
        on("two" if turn % 2 else "one")
        commit = repository.commit({f"turn{turn}.py": f"turn = {turn}\n"})
        sync_now(source)
        assert live_tree(source) == tree(repository)
        on("three")
        assert content(source, commit, f"turn{turn}.py") == f"turn = {turn}\n".encode()


def test_what_came_last_is_all_that_travels(
    source: Source, repository: Repository, on: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "SMALLEST", 1)
    repository.commit({"large.bin": os.urandom(400_000)})
    sync_now(source)
    on("two")
    mirrors.at_hand(source)
    on("one")
    repository.commit({"small.py": "a = 1\n"})
    sync_now(source)
    on("two")
    taken: list[int] = []
    contents = mirrors._contents

    def watched(pk: int, size: int) -> Iterator[bytes]:
        taken.append(size)
        return contents(pk, size)

    monkeypatch.setattr(mirrors, "_contents", watched)
    assert content(source, repository.commits[-1], "small.py") == b"a = 1\n"
    assert len(taken) == 1
    assert taken[0] < 1000


def test_packs_stay_few_and_hold_everything(
    source: Source, repository: Repository, on: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "SMALLEST", 200)
    for number in range(20):
        repository.commit({f"f{number}.py": f"number = {number}\n" * 20})
        sync_now(source)
    packs = list(source.mirror_packs.order_by("number"))
    assert packs[-1].number == 21
    assert len(packs) <= 6
    for place, pack in enumerate(packs[:-1]):
        assert pack.size_bytes >= 2 * max(packs[place + 1].size_bytes, 200)
    on("two")
    for number, commit in enumerate(repository.commits[1:]):
        assert content(source, commit, f"f{number}.py") == f"number = {number}\n".encode() * 20


def test_a_forced_push_and_a_deleted_branch_come_over(
    source_factory: SourceFactory, repository: Repository, on: Move
) -> None:
    repository.git("branch", "old")
    source = source_factory("shop", repository=repository)
    on("two")
    mirrors.at_hand(source)
    on("one")
    repository.git("branch", "--delete", "--force", "old")
    repository.git("commit", "--quiet", "--amend", "-m", "Rewritten")
    sync_now(source)
    states = source.mirror_packs.count()
    on("two")
    assert refs_of(mirrors.at_hand(source)) == refs_of(repository.path / ".git") | {
        "refs/plumbline/head": repository.git("rev-parse", "HEAD")
    }
    on("one")
    sync_now(source)  # nothing new
    assert source.mirror_packs.count() == states


def test_a_branch_that_only_moves_back_sends_no_objects(
    source: Source, repository: Repository, on: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "SMALLEST", 0)
    repository.commit({"cart.py": "def total(items):\n    return 0\n"})
    sync_now(source)
    repository.git("reset", "--quiet", "--hard", "HEAD^")
    sync_now(source)
    assert source.mirror_packs.latest("number").size_bytes <= EMPTY_PACK
    on("two")
    assert refs_of(mirrors.at_hand(source))["refs/plumbline/head"] == repository.commits[0]


def test_a_folder_makes_no_new_commit_on_another_host(
    on: Move, source_factory: SourceFactory, tmp_path: Path
) -> None:
    folder = tmp_path / "wiki"
    folder.mkdir()
    (folder / "a.md").write_text("# Anchor\n\nRaise it.\n")
    source = source_factory("wiki", repository=Repository(folder))
    commit = source.refs.get().commit
    on("two")
    sync_now(source)
    assert source.refs.get().commit == commit


def test_another_worker_that_took_the_job_over_wins(
    source: Source, repository: Repository, on: Move
) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    repository.commit({"cart.py": "def total(items):\n    return 0\n"})
    mine = repository.path / ".git"
    refs = refs_of(mine)
    pack = write_pack(mine, refs.values(), [], block_bytes=1000)
    take_over(clients.mirror_of(source), [pack], refs)
    Job.objects.filter(pk=job.pk).update(attempt=job.attempt + 1)
    with pytest.raises(LeaseLost):
        mirrors.hand_out(source, jobs.Heartbeat(job))
    assert source.mirror_packs.count() == 1


def test_packs_that_are_merged_while_they_are_read_are_read_again(
    source: Source, repository: Repository, on: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = mirrors._contents

    def merged_meanwhile(pk: int, size: int) -> Iterator[bytes]:
        monkeypatch.setattr(mirrors, "_contents", contents)
        on("one")
        repository.commit({"new.py": "a = 1\n"})
        sync_now(source)
        assert not MirrorPack.objects.filter(pk=pk).exists()
        on("two")
        return contents(pk, size)

    monkeypatch.setattr(mirrors, "_contents", merged_meanwhile)
    on("two")
    mirrors.at_hand(source)
    assert content(source, repository.commits[-1], "new.py") == b"a = 1\n"


def test_whoever_comes_while_it_is_brought_waits_for_it(
    source: Source, repository: Repository, on: Move
) -> None:
    on("two")
    mirror = clients.mirror_of(source)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with held_for_writing(mirror):
            held.set()
            let_go.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(0.3, let_go.set).start()
    assert content(source, repository.commits[0])
    holder.join()


def test_a_damaged_pack_is_said_to_be_and_the_mirror_is_done_without(
    source: Source, repository: Repository, on: Move
) -> None:
    MirrorPart.objects.update(content=b"x" * MirrorPack.objects.get().size_bytes)
    on("two")
    with pytest.raises(FetchFailed, match="failed in the mirror"):
        mirrors.at_hand(source)
    assert mirrors.nearest(source) == clients.mirror_of(source)


def test_a_lost_mirror_comes_back_without_the_origin(
    source: Source, repository: Repository, on: Move, tmp_path: Path
) -> None:
    repository.path.rename(tmp_path / "away")
    on("two")
    assert content(source, repository.commits[0])


def test_a_database_that_was_put_back_is_followed(
    source: Source, repository: Repository, on: Move
) -> None:
    """States of another history may have the same numbers: nothing of them counts as there."""
    on("two")
    mirrors.at_hand(source)
    source.mirror_packs.update(key=uuid4())
    on("one")
    (clients.mirror_of(source) / mirrors.STATE).unlink()
    commit = repository.commit({"new.py": "a = 1\n"})
    sync_now(source)
    on("two")
    assert content(source, commit, "new.py") == b"a = 1\n"


def test_a_host_that_was_away_for_long_takes_what_it_lacks(
    source: Source, repository: Repository, on: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "SMALLEST", 1)
    monkeypatch.setattr(mirrors, "MOST_KEYS", 3)
    for number in range(12):
        repository.commit({f"f{number}.py": f"number = {number}\n"})
        sync_now(source)
        on(f"host {number}")  # each stands at another state
        mirrors.at_hand(source)
        on("one")
    for host in [f"host {number}" for number in range(12)]:
        on(host)
        assert content(source, repository.commits[-1], "f11.py") == b"number = 11\n"
        assert content(source, repository.commits[1], "f0.py") == b"number = 0\n"


def test_a_removed_source_leaves_nothing_on_any_host(
    source: Source, on: Move, tmp_path: Path
) -> None:
    on("two")
    folder = mirrors.at_hand(source)
    on("one")
    remove(source)
    assert not MirrorPack.objects.exists()
    assert not MirrorPart.objects.exists()
    assert folder.exists()
    on("two")
    assert prune_mirrors() == 1
    assert not list((tmp_path / "two" / "mirrors").iterdir())
