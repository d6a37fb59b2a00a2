"""What a host takes back is hidden when it says so twice, and only then (A18)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from appliance.sources import credentials
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect, note_push
from indexer import freshness
from indexer.errors import FetchError, FetchFailed, FetchRefused
from indexer.fetching.values import Credential
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.models import Chunk, Document, Job, Source
from inference.fake_server import FakeServer
from tests.conftest import RepositoryFactory
from tests.gitrepos import Repository
from tests.gitserver import GitHandler, GitServer, serve_git
from tests.indexer.ingestion.corpus import live_tree, tree

FILES: dict[str, str | bytes | None] = {"cart.py": "def total(items):\n    return sum(items)\n"}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES)


@pytest.fixture
def server(tmp_path: Path, repository: Repository) -> Iterator[GitServer]:
    (tmp_path / "served").mkdir()
    repository.bare(tmp_path / "served" / "shop.git")
    with serve_git(tmp_path / "served") as running:
        yield running


@pytest.fixture
def source(
    db: None, settings: Settings, tmp_path: Path, models: FakeServer, server: GitServer
) -> Source:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    settings.GIT_ALLOW_HTTP = True
    settings.GIT_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.GIT_TIME_LIMIT_S = 20
    source = connect(server.url("shop.git"), name="shop")
    sync_now(source)
    set_grant("readers", source)
    return source


def answer_with(server: GitServer, status: int, body: bytes = b"no") -> None:
    def behave(handler: GitHandler) -> bool:
        handler.send_plain(status, body)
        return True

    server.behaviour = behave


def look(source: Source) -> Source:
    """Have the source synced once more, whatever comes of it."""
    with pytest.raises(FetchError):
        sync_now(source)
    source.refresh_from_db()
    return source


def let_time_pass(source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(refused_at=timezone.now() - timedelta(seconds=30))


def hide(source: Source, server: GitServer, status: int = 404) -> Source:
    answer_with(server, status)
    look(source)
    let_time_pass(source)
    return look(source)


def rows() -> tuple[int, int]:
    return Document.objects.count(), Chunk.objects.count()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "asks for a user name"),
        (403, "does not accept this credential"),
        (404, "no git repository at this address"),
        (410, "no git repository at this address"),
    ],
)
def test_a18_what_a_host_refuses_twice_is_hidden_and_nothing_is_deleted(
    source: Source, server: GitServer, status: int, said: str
) -> None:
    before = rows()
    answer_with(server, status)
    first = look(source)
    assert first.refused_at is not None
    assert first.hidden_at is None
    waiting = first.jobs.get(kind=Job.Kind.SYNC, state=Job.State.RUNNING)
    assert waiting.error_code == jobs.RETRYING
    let_time_pass(source)
    second = look(source)
    assert second.hidden_at is not None
    assert said in second.hidden_reason
    waiting.refresh_from_db()
    assert waiting.state == Job.State.FAILED
    assert rows() == before


def test_a18_a_single_refusal_and_a_second_at_once_hide_nothing(
    source: Source, server: GitServer
) -> None:
    answer_with(server, 404)
    assert look(source).hidden_at is None
    assert look(source).hidden_at is None
    server.behaviour = None
    sync_now(source)
    source.refresh_from_db()
    assert source.refused_at is None
    assert not source.jobs.exclude(state=Job.State.DONE).exists()


@pytest.mark.parametrize("status", [500, 502, 503, 200, 302, 429])
def test_a18_faults_of_the_server_hide_nothing(
    source: Source, server: GitServer, status: int
) -> None:
    answer_with(server, status, b"<html>We are under maintenance</html>")
    for _ in range(3):
        look(source)
        assert (source.refused_at, source.hidden_at) == (None, None)


def test_a18_an_emptied_repository_keeps_the_live_tree(
    source: Source, server: GitServer, repository: Repository
) -> None:
    served = server.root / "shop.git"
    repository.git("--git-dir", str(served), "update-ref", "-d", "refs/heads/main")
    assert look(source).refused_at is None
    assert live_tree(source) == tree(repository)


def test_a18_a_network_that_fails_hides_nothing(source: Source, server: GitServer) -> None:
    Source.objects.filter(pk=source.pk).update(location="http://127.0.0.1:9/shop.git")
    for _ in range(2):
        with pytest.raises(FetchFailed):
            sync_now(Source.objects.get(pk=source.pk))
        source.refresh_from_db()
        assert (source.refused_at, source.hidden_at) == (None, None)


def test_a18_a_folder_that_is_not_there_hides_nothing(
    db: None,
    settings: Settings,
    tmp_path: Path,
    models: FakeServer,
    repository: Repository,
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    source = connect(str(repository.path), name="local", from_command_line=True)
    sync_now(source)
    repository.path.rename(repository.path.with_name("unmounted"))
    for _ in range(2):
        assert look(source).hidden_at is None
        let_time_pass(source)


def test_a18_a_source_that_was_never_fetched_fails_at_once(
    db: None, settings: Settings, tmp_path: Path, server: GitServer
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    settings.GIT_ALLOW_HTTP = True
    settings.GIT_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    source = connect(server.url("missing.git"), name="missing")
    with pytest.raises(FetchRefused):
        sync_now(source)
    source.refresh_from_db()
    assert (source.refused_at, source.jobs.get().state) == (None, Job.State.FAILED)


def test_a18_it_is_shown_again_with_the_first_fetch_that_succeeds(
    source: Source, server: GitServer, repository: Repository
) -> None:
    assert hide(source, server).hidden_at is not None
    repository.commit({"new.py": "def fresh():\n    return 1\n"})
    repository.push(server.root / "shop.git")
    server.behaviour = None
    job = note_push(source)
    assert job is not None
    sync_now(source)
    source.refresh_from_db()
    assert (source.refused_at, source.hidden_at, source.hidden_reason) == (None, None, "")
    assert live_tree(source) == tree(repository)


def test_a18_a_fault_of_the_server_does_not_show_it_again(
    source: Source, server: GitServer
) -> None:
    hide(source, server)
    answer_with(server, 503)
    assert look(source).hidden_at is not None


def test_a18_a_hidden_source_is_looked_at_every_ten_minutes_at_least(
    source: Source, server: GitServer
) -> None:
    hidden = hide(source, server)
    for _ in range(6):
        job = jobs.enqueue(hidden)
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, ended_at=timezone.now())
    assert freshness.interval_of(hidden) == timedelta(seconds=600)
    hidden.hidden_at = None
    assert freshness.interval_of(hidden) == timedelta(seconds=3600)


def test_a18_a_renewed_credential_has_hidden_sources_looked_at_at_once(
    source: Source, server: GitServer
) -> None:
    shared = credentials.add("bot", Credential("git", "old"))
    Source.objects.filter(pk=source.pk).update(
        shared_credential=shared, next_poll_at=timezone.now() + timedelta(hours=1)
    )
    credentials.replace(shared, Credential("git", "new"))
    assert not freshness.poll_due()
    hide(source, server, 403)
    credentials.replace(shared, Credential("git", "newer"))
    assert [job.source_id for job in freshness.poll_due()] == [source.pk]
