"""What nothing points to any more goes; what is pointed to stays."""

from __future__ import annotations

import pytest

from appliance.conversations.models import Evidence
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.pruning import prune
from indexer.models import Blob, Chunk, Embedding, Posting, Source
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
    assert prune() == 1
    assert snapshot() == before
    assert not Posting.objects.filter(chunk_ids=[]).exists()
    assert found_paths("total", source)[0] == "cart.py"


def test_removing_the_last_source_leaves_nothing_behind(source: Source) -> None:
    source.delete()
    assert prune() == 2
    for model in (Blob, Chunk, Embedding, Posting):
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


def test_nothing_goes_while_a_sync_runs(source: Source) -> None:
    other = Source.objects.create(name="other", kind=Source.Kind.REMOTE, location="https://x/y")
    job = jobs.claim(jobs.enqueue(other).pk)
    source.delete()
    assert prune() == 0
    jobs.finish(job)
    assert prune() == 2


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
