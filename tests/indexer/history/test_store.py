"""The stored history follows the default ref: new commits, renames, rewrites, masks, removal."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from indexer import clients
from indexer.errors import FetchFailed, LeaseLost
from indexer.history import store
from indexer.history.store import store_history
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.models import Commit, CommitPosting, Document, Job, Source
from indexer.retrieval.gathering import gather
from indexer.retrieval.queries import HISTORY, Visibility
from indexer.scope import PathRule, Scope
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.masking.keys import KINDS

TEXT = "".join(f"value_{n} = {n}\n" for n in range(30))


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    repository = repository_factory({"cart.py": TEXT, "stock.py": "left = 1\n"}, "shop")
    repository.commit({"cart.py": TEXT + "more = 1\n"}, "Round prices to whole cents")
    return repository


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


def paths_of(message: str) -> list[str]:
    return Commit.objects.get(message=message).paths


def voted(query: str, scope: Scope) -> list[str]:
    pools = gather(query, Visibility(scope))
    paths = {document.document_id: document.path for document in pools.documents}
    return [paths[candidate.document_id] for candidate in pools.history]


def whole(source: Source) -> Scope:
    return Scope(frozenset({source.pk}))


def test_commits_vote_for_the_files_that_they_touched(shop: Source) -> None:
    assert voted("who rounds the prices", whole(shop)) == ["cart.py"]
    assert "history" in gather("rounds prices", Visibility(whole(shop))).legs


def test_who_may_not_read_a_source_as_a_whole_gets_no_votes(shop: Source) -> None:
    """A message may speak of any file of its source."""
    parts = Scope.from_rules([PathRule(shop.pk, "cart.py", allow=True)])
    assert gather("rounds prices value", Visibility(parts)).documents
    assert voted("rounds prices", parts) == []
    assert voted("rounds prices", Scope(frozenset())) == []


def test_new_commits_are_added_once(shop: Source, repository: Repository) -> None:
    before = Commit.objects.count()
    repository.commit({"stock.py": "left = 2\n"}, "Count what is in the warehouse")
    sync_now(shop)
    sync_now(shop)
    assert Commit.objects.count() == before + 1
    assert voted("warehouse", whole(shop)) == ["stock.py"]
    document = Document.objects.get(path="stock.py")
    newest = Commit.objects.order_by("committed_at").last()
    assert newest is not None
    assert (document.touches, document.touched_at) == (2, newest.committed_at)


def test_votes_follow_a_file_to_its_new_name(shop: Source, repository: Repository) -> None:
    repository.commit({"cart.py": None, "sale/basket.py": TEXT + "more = 1\n"}, "Move the cart")
    sync_now(shop)
    assert paths_of("Round prices to whole cents") == ["sale/basket.py"]
    assert voted("rounds prices", whole(shop)) == ["sale/basket.py"]
    assert Document.objects.get(path="sale/basket.py").touches == 3


def test_a_name_that_is_used_again_is_another_file(shop: Source, repository: Repository) -> None:
    repository.commit({"cart.py": None, "basket.py": TEXT + "more = 1\n"}, "Move the cart")
    repository.commit({"cart.py": "wheels = 4\n"}, "A cart with wheels")
    sync_now(shop)
    assert paths_of("Round prices to whole cents") == ["basket.py"]
    assert paths_of("A cart with wheels") == ["cart.py"]


def test_a_rewritten_history_is_told_anew(shop: Source, repository: Repository) -> None:
    repository.git("reset", "--hard", "--quiet", "HEAD~1")
    head = repository.commit({"stock.py": "left = 3\n"}, "Another way")
    sync_now(shop)
    messages = set(Commit.objects.values_list("message", flat=True))
    assert "Another way" in messages
    assert "Round prices to whole cents" not in messages
    shop.refresh_from_db()
    assert shop.history_commit == head
    assert voted("rounds prices", whole(shop)) == []


def test_secrets_of_messages_are_masked(shop: Source, repository: Repository) -> None:
    token = KINDS["gitlab"](random.Random(5))  # noqa: S311  the same key in every run
    repository.commit({"stock.py": "left = 4\n"}, f"Use the token {token}")
    sync_now(shop)
    assert not Commit.objects.filter(message__contains=token).exists()
    assert Commit.objects.filter(message__startswith="Use the token").exists()


def test_the_past_can_be_asked_as_it_was(shop: Source) -> None:
    commit = Commit.objects.get(message="Round prices to whole cents")
    pools = gather("rounds prices", Visibility(whole(shop)), before=commit.committed_at)
    assert not pools.history


def test_a_history_that_git_cannot_read_stops_no_sync(
    shop: Source, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(Commit.objects.values_list("oid", flat=True))

    def broken(*args: object, **options: object) -> None:
        raise FetchFailed("history_slow", "too slow")

    monkeypatch.setattr(store, "read_log", broken)
    repository.commit({"stock.py": "left = 9\n"}, "Count anew")
    sync_now(shop)
    assert Document.objects.get(path="stock.py").blob.text == "left = 9\n"
    assert set(Commit.objects.values_list("oid", flat=True)) == before
    monkeypatch.undo()
    repository.commit({"stock.py": "left = 10\n"}, "Count again")
    sync_now(shop)
    assert Commit.objects.filter(message__in=["Count anew", "Count again"]).count() == 2


def test_a_job_that_lost_its_lease_writes_nothing(shop: Source, repository: Repository) -> None:
    head = repository.commit({"stock.py": "left = 5\n"}, "Too late")
    job = jobs.claim(jobs.enqueue(shop).pk)
    mirror = clients.mirror_of(shop)
    repository.git("push", "--quiet", str(mirror), "main:refs/heads/later")
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.claim(job.pk)
    with pytest.raises(LeaseLost):
        store_history(job, mirror, head, lambda done, total: None)
    assert not Commit.objects.filter(message="Too late").exists()


def test_nothing_of_a_removed_source_stays(shop: Source) -> None:
    assert CommitPosting.objects.exists()
    shop.delete()
    assert not Commit.objects.exists()
    assert not CommitPosting.objects.exists()


def test_paths_of_commits_are_looked_up_by_the_index_once_there_are_many(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    shop = source_factory("shop", repository=repository_factory({"cart.py": "total = 1\n"}))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO indexer_document (source_id, path, blob_id, refs, role, path_terms)"
            " SELECT source_id, path || n, blob_id, refs, role, path_terms"
            "   FROM indexer_document, generate_series(1, 20000) AS n"
        )
        cursor.execute("ANALYZE indexer_document")
        parameters = {"commit_ids": [1], "scores": [1.0], "pool": 9}
        visibility = Visibility(whole(shop)).parameters()
        cursor.execute(f"EXPLAIN {HISTORY}", visibility | parameters)
        plan = "\n".join(str(row[0]) for row in cursor.fetchall())
    assert "one_document" in plan
    assert "Seq Scan on indexer_document" not in plan
