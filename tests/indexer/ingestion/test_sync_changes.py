"""What a change costs: content that was seen before is neither read nor embedded again."""

from __future__ import annotations

import pytest
from django.utils import timezone

from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.publish import RefUpdate, publish
from indexer.models import Blob, Document, Source
from inference.fake_server import FakeServer
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import embedded_texts, found_paths, live_tree, tree, whole_plan

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


def test_a_rename_embeds_nothing(source: Source, repository: Repository) -> None:
    repository.git("mv", "cart.py", "basket.py")
    repository.commit_index("Rename")
    report = sync_now(source)
    assert (report.files_changed, report.chunks_embedded) == (2, 0)
    assert live_tree(source) == tree(repository)


def test_a_copy_embeds_nothing(source: Source, repository: Repository) -> None:
    repository.commit({"deep/copy.py": FILES["cart.py"]})
    report = sync_now(source)
    assert (report.files_changed, report.chunks_embedded) == (1, 0)
    assert live_tree(source) == tree(repository)


def test_a_revert_embeds_nothing(source: Source, repository: Repository) -> None:
    repository.commit({"cart.py": "def total(items):\n    return 0\n"})
    assert sync_now(source).chunks_embedded == 1
    repository.git("revert", "--no-edit", "HEAD")
    repository.commits.append(repository.git("rev-parse", "HEAD"))
    report = sync_now(source)
    assert (report.files_changed, report.chunks_embedded) == (1, 0)
    assert live_tree(source) == tree(repository)


def test_a_second_ref_with_the_same_content_embeds_nothing(
    source: Source, repository: Repository
) -> None:
    repository.git("branch", "release")
    source.ref_names = ["main", "release"]
    source.save()
    documents = Document.objects.count()
    report = sync_now(source)
    assert report.chunks_embedded == 0
    assert Document.objects.count() == documents
    assert {len(document.refs) for document in Document.objects.all()} == {2}


def test_the_same_file_in_another_source_embeds_nothing(
    source: Source,
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    models: FakeServer,
) -> None:
    before = len(embedded_texts(models))
    source_factory("fork", repository=repository_factory(FILES, "fork"))
    assert len(embedded_texts(models)) == before
    assert Blob.objects.count() == 2


def test_one_changed_file_embeds_exactly_its_chunks(
    source: Source, repository: Repository, models: FakeServer
) -> None:
    before = len(embedded_texts(models))
    repository.commit({"stock.py": "def left(item):\n    return item.count - item.reserved\n"})
    report = sync_now(source)
    sent = embedded_texts(models)[before:]
    assert report.files_changed == 1
    assert report.chunks_embedded == len(sent) == 1
    assert "item.reserved" in sent[0]
    assert sent[0].startswith("stock.py\n")


def test_of_a_changed_file_only_the_changed_chunks_are_embedded(
    source: Source, repository: Repository, models: FakeServer
) -> None:
    functions = [
        f"def step_{n}(value):\n" + f"    value = advance(value, {n})\n" * 40 + "    return value\n"
        for n in range(12)
    ]
    repository.commit({"steps.py": "\n\n".join(functions)})
    first = sync_now(source)
    assert first.chunks_embedded >= 12
    before = len(embedded_texts(models))
    functions[5] = functions[5].replace("return value", "return value + 1")
    repository.commit(
        {"steps.py": "# a line more, so every later line moves\n" + "\n\n".join(functions)}
    )
    report = sync_now(source)
    sent = embedded_texts(models)[before:]
    changed = [text for text in sent if "value + 1" in text or "a line more" in text]
    assert report.chunks_embedded == len(sent) == len(changed) <= 2


def test_a_deleted_file_is_gone_from_search_at_once(source: Source, repository: Repository) -> None:
    assert "cart.py" in found_paths("total price", source)
    repository.commit({"cart.py": None})
    sync_now(source)
    assert "cart.py" not in found_paths("total price", source)
    assert live_tree(source) == tree(repository)


def test_a_forced_push_shows_the_new_history_alone(source: Source, repository: Repository) -> None:
    repository.commit({"late.py": "def late():\n    return 1\n"})
    sync_now(source)
    repository.git("reset", "--quiet", "--hard", repository.commits[0])
    repository.commit({"other.py": "def other():\n    return 2\n"})
    report = sync_now(source)
    assert report.commit == repository.git("rev-parse", "HEAD")
    assert live_tree(source) == tree(repository)


def test_a_renamed_default_branch_is_followed_under_its_new_name(
    source: Source, repository: Repository
) -> None:
    repository.git("branch", "-m", "main", "trunk")
    repository.commit({"new.py": "def new():\n    return 3\n"})
    report = sync_now(source)
    assert report.chunks_embedded == 1
    assert [(ref.name, ref.is_default) for ref in source.refs.all()] == [("trunk", True)]
    assert live_tree(source) == tree(repository)


def test_a_new_default_replaces_the_old_one_in_the_same_moment(
    source: Source, repository: Repository
) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    commit = repository.commits[0]
    update = RefUpdate("trunk", "branch", True, commit, timezone.now())
    publish(job, update, whole_plan(source, commit))
    assert [ref.name for ref in source.refs.filter(is_default=True)] == ["trunk"]


def test_a_ref_that_is_no_longer_asked_for_takes_its_own_documents_along(
    source: Source, repository: Repository
) -> None:
    repository.git("checkout", "--quiet", "-b", "dev")
    repository.commit({"dev.py": "def dev():\n    return 4\n"})
    source.ref_names = ["main", "dev"]
    source.save()
    sync_now(source)
    assert Document.objects.filter(path="dev.py").exists()
    source.ref_names = ["main"]
    source.save()
    sync_now(source)
    assert not Document.objects.filter(path="dev.py").exists()
    assert live_tree(source) == tree(repository, "main")


def test_two_refs_of_one_path_show_each_its_own_content(
    source: Source, repository: Repository
) -> None:
    repository.git("checkout", "--quiet", "-b", "dev")
    repository.commit({"cart.py": "def total(items):\n    return 'dev'\n"})
    source.ref_names = ["main", "dev"]
    source.save()
    sync_now(source)
    shown = {
        ref.name: Document.objects.get(path="cart.py", refs__contains=[ref.pk]).blob.text
        for ref in source.refs.all()
    }
    assert "'dev'" in shown["dev"]
    assert "item.price" in shown["main"]
