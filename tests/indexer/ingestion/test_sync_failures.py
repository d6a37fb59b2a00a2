"""What goes wrong leaves the live tree as it was, and says so in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from indexer.errors import FetchFailed, FetchRefused, LocationRefused
from indexer.ingestion.inline import sync_now
from indexer.models import Blob, Document, Embedding, Job, Source
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import found_paths, live_tree

FILES: dict[str, str | bytes | None] = {
    "cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES)


def test_a_ref_that_vanished_fails_the_job_and_keeps_the_live_tree(
    source_factory: SourceFactory, repository: Repository
) -> None:
    repository.git("branch", "release")
    source = source_factory("shop", repository=repository, refs=("release",))
    before = live_tree(source)
    repository.git("branch", "-D", "release")
    with pytest.raises(FetchRefused, match="no branch, tag or commit release"):
        sync_now(source)
    job = source.jobs.first()
    assert job is not None
    assert (job.state, job.error_code) == (Job.State.FAILED, "no_such_ref")
    assert "release" in job.error
    assert live_tree(source) == before


def test_a_repository_that_vanished_keeps_the_live_tree(
    source_factory: SourceFactory, repository: Repository
) -> None:
    source = source_factory("shop", repository=repository)
    before = live_tree(source)
    repository.path.rename(repository.path.with_name("moved"))
    with pytest.raises((FetchRefused, FetchFailed)):
        sync_now(source)
    assert live_tree(source) == before
    assert found_paths("total", source) == ["cart.py"]


def test_without_the_embedding_server_words_work_and_the_next_sync_fills_in(
    source_factory: SourceFactory, repository: Repository, models: FakeServer
) -> None:
    models.model.script = Script(mode=Mode.HTTP500)
    source = source_factory("shop", repository=repository)
    revision = source.refs.get().revisions.get()
    assert revision.seconds_vector is None
    assert Embedding.objects.count() == 0
    assert found_paths("total", source) == ["cart.py"]
    assert source.jobs.get(kind=Job.Kind.SYNC).state == Job.State.DONE
    waiting = source.jobs.get(kind=Job.Kind.EMBED)
    assert (waiting.state, waiting.error_code) == (Job.State.RUNNING, "waiting_for_model")

    models.model.script = Script()
    report = sync_now(source)
    assert report.files_changed == 0
    assert report.chunks_embedded == Embedding.objects.count() == report.chunks
    assert report.seconds_vector is not None


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("ext::sh -c touch% {canary}", "url_scheme_not_allowed"),
        ("file:///etc", "url_scheme_not_allowed"),
        ("--upload-pack=touch {canary}", "starts_with_dash"),
        ("https://user:secret@git.example.com/x.git", "credentials_in_url"),
        ("/etc", None),
    ],
)
@pytest.mark.parametrize("kind", [Source.Kind.REMOTE, Source.Kind.PATH, Source.Kind.BUNDLE])
def test_a_location_forced_into_the_row_is_refused_by_the_worker(
    db: None, tmp_path: Path, settings: Settings, location: str, code: str | None, kind: str
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    canary = tmp_path / "canary"
    source = Source.objects.create(
        name="forced",
        kind=kind,
        location=location.format(canary=canary),
        from_command_line=kind != Source.Kind.REMOTE,
    )
    with pytest.raises(LocationRefused):
        sync_now(source)
    job = source.jobs.get()
    assert job.state == Job.State.FAILED
    assert job.error_code == code or code is None
    assert "secret" not in job.error
    assert not canary.exists()
    assert not Blob.objects.exists()
    assert not (tmp_path / "mirrors").exists()


def test_a_fault_of_our_own_is_told_and_tried_again(
    source_factory: SourceFactory, repository: Repository, settings: Settings, tmp_path: Path
) -> None:
    source = source_factory("shop", repository=repository)
    (tmp_path / "not a mirror" / f"{source.pk}.git" / "precious").mkdir(parents=True)
    settings.MIRRORS_DIR = tmp_path / "not a mirror"
    with pytest.raises(ValueError, match="not a mirror"):
        sync_now(source)
    job = source.jobs.first()
    assert job is not None
    assert (job.state, job.error_code) == (Job.State.RUNNING, "retrying")
    assert "ValueError" in job.error
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    assert sync_now(source).files == 1
    assert Document.objects.count() == 1
    assert not source.jobs.exclude(state=Job.State.DONE).exists()
