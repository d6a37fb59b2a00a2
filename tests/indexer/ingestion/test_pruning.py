"""What nothing points to any more goes; what is pointed to stays."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.conversations.models import Evidence
from indexer.ingestion import jobs
from indexer.ingestion import sync as sync_module
from indexer.ingestion.inline import sync_now
from indexer.ingestion.postings import sweep_postings
from indexer.ingestion.pruning import prune
from indexer.ingestion.publish import Published, publish
from indexer.models import (
    Batch,
    Blob,
    Chunk,
    Document,
    Embedding,
    Passage,
    PassageDefinition,
    Posting,
    Source,
    TrigramSet,
)
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import found_paths, snapshot

FILES: dict[str, str | bytes | None] = {
    "cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "stock.py": "def left(item):\n    return item.count\n",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES)


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


def test_what_is_in_use_stays(source: Source) -> None:
    before = snapshot()
    assert prune() == 0
    assert snapshot() == before


def test_content_that_no_document_holds_goes_with_chunks_vectors_and_postings(
    source: Source, repository: Repository
) -> None:
    before = snapshot()
    repository.commit({"extra.py": "def unusual_name(item):\n    return item\n"})
    sync_now(source)
    repository.commit({"extra.py": None})
    sync_now(source)
    postings = Posting.objects.count()
    assert prune() == 1
    assert snapshot() == before
    sweep_postings()
    assert snapshot() == before
    assert Posting.objects.count() < postings
    assert not Posting.objects.filter(entries=b"").exists()
    assert found_paths("total", source)[0] == "cart.py"


def test_removing_the_last_source_leaves_nothing_behind(source: Source) -> None:
    source.delete()
    assert prune() == 2
    sweep_postings()
    for model in (Batch, Blob, Chunk, Embedding, Passage, PassageDefinition, Posting, TrigramSet):
        assert not model.objects.exists()


def test_content_of_another_source_stays(
    source: Source, source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    fork = source_factory("fork", repository=repository_factory(FILES, "fork"))
    source.delete()
    assert prune() == 0
    assert found_paths("total", fork)[0] == "cart.py"


def test_content_that_evidence_holds_stays(source: Source, repository: Repository) -> None:
    blob = Blob.objects.get(documents__path="cart.py")
    evidence = Evidence.objects.create(
        source=source,
        commit=repository.commits[-1],
        path="cart.py",
        blob=blob,
        start_line=1,
        end_line=2,
        line_hash="0" * 64,
    )
    repository.commit({"cart.py": None})
    sync_now(source)
    assert prune() == 0
    evidence.delete()
    assert prune() == 1
    assert not Blob.objects.filter(pk=blob.pk).exists()


def test_content_that_a_running_sync_has_stored_stays(source: Source) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    Blob.objects.create(oid="1" * 40, size_bytes=1, stored_by=job.pk)
    Blob.objects.create(oid="2" * 40, size_bytes=1)
    assert prune() == 1
    assert Blob.objects.filter(oid="1" * 40).exists()
    jobs.release(job)  # it made room for others and will go on
    assert prune() == 0
    jobs.finish(jobs.claim(job.pk))
    assert prune() == 1


def test_pruning_goes_on_beside_the_syncs_of_others(source: Source) -> None:
    other = Source.objects.create(name="other", kind=Source.Kind.REMOTE, location="https://x/y")
    jobs.claim(jobs.enqueue(other).pk)
    source.delete()
    assert prune() == 2


def test_a_sync_notices_that_its_content_was_pruned_and_reads_it_again(
    source: Source, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot()
    Document.objects.all().delete()
    source.refs.update(plan_key="another")
    calls: list[int] = []

    def prune_first(*arguments: Any) -> Published:
        if not calls:
            prune()
        calls.append(1)
        return publish(*arguments)

    monkeypatch.setattr(sync_module, "publish", prune_first)
    sync_now(source)
    assert len(calls) == 2
    assert snapshot() == before


def test_a_file_that_comes_back_after_pruning_is_read_again(
    source: Source, repository: Repository
) -> None:
    before = snapshot()
    repository.commit({"cart.py": None})
    sync_now(source)
    prune()
    repository.commit({"cart.py": FILES["cart.py"]})
    report = sync_now(source)
    assert report.chunks_embedded == 1
    assert snapshot() == before
