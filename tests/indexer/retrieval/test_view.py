"""What is kept in memory for searches is what the reader may see now, and nothing of others."""

from __future__ import annotations

import pytest
from django.db import connection

from indexer.confined.prepare import prepare
from indexer.ingestion import jobs, postings
from indexer.ingestion.postings import sweep_postings
from indexer.ingestion.pruning import prune
from indexer.ingestion.store import store_blobs
from indexer.lexical.terms import term_id
from indexer.models import Batch, Blob, Passage, Source
from indexer.retrieval.lexical import POSTINGS, lexical_candidates
from indexer.retrieval.queries import Visibility
from indexer.retrieval.search import search
from indexer.retrieval.view import view_of
from indexer.scope import PathRule, Scope
from tests.indexer.retrieval.conftest import CorpusFactory, object_id

FILES = {
    "cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "stock.py": "def left(item):\n    return item.count\n",
    "tax.py": "def tax(total, rate):\n    return total * rate\n",
}


def paths(query: str, scope: Scope) -> set[str]:
    return {hit.path for hit in search(query, scope=scope).hits}


def scores(query: str, scope: Scope) -> dict[int, float]:
    found = lexical_candidates(Visibility(scope), {term_id(query): 1.0}, pool=100)
    return {candidate.chunk_id: candidate.score for candidate in found}


def test_what_was_published_is_found_and_what_was_taken_out_is_gone(
    corpus_factory: CorpusFactory,
) -> None:
    scope = Scope(frozenset({corpus_factory("shop", FILES, embed=False).pk}))
    assert paths("total", scope) == {"cart.py", "tax.py"}
    added = {"new.py": "def total_of(order):\n    return order.total\n"}
    corpus_factory("shop", FILES | added, embed=False)
    assert paths("total", scope) == {"cart.py", "tax.py", "new.py"}
    corpus_factory("shop", {"stock.py": FILES["stock.py"]}, embed=False)
    assert paths("total", scope) == set()


def test_each_reader_has_a_view_of_their_own(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    other = corpus_factory("other", {"sum.py": "total = 1\n"}, embed=False)
    owner = Scope(frozenset({source.pk, other.pk}))
    reader = Scope.from_rules(
        [PathRule(source.pk, "", True), PathRule(source.pk, "cart.py", False)]
    )
    outsider = Scope(frozenset({other.pk}))
    for _ in range(2):  # made, then from memory
        assert paths("total", owner) == {"cart.py", "tax.py", "sum.py"}
        assert paths("total", reader) == {"tax.py"}
        assert paths("total", outsider) == {"sum.py"}
        assert len(view_of(Visibility(Scope())).chunks) == 0


def test_rules_that_change_change_the_view(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    both = [PathRule(source.pk, "cart.py", True), PathRule(source.pk, "tax.py", True)]
    assert paths("total", Scope.from_rules(both)) == {"cart.py", "tax.py"}
    assert paths("total", Scope.from_rules(both[:1])) == {"cart.py"}


def test_a_view_of_parts_counts_the_parts_alone(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    scope = Scope.from_rules([PathRule(source.pk, "tax.py", True)])
    view = view_of(Visibility(scope))
    assert (len(view.documents), len(view.blobs), len(view.chunks)) == (1, 1, 1)
    assert view.documents_with(term_id("cart")).tolist() == []
    assert len(view.documents_with(term_id("tax"))) == 1


def test_content_that_is_stored_and_not_yet_live_changes_nothing(
    corpus_factory: CorpusFactory,
) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    corpus_factory("other", {"sum.py": "total = 1\n"}, embed=False)
    scope = Scope(frozenset(Source.objects.values_list("pk", flat=True)))
    before = scores("total", scope)
    (batch,) = Batch.objects.filter(written_for=source.pk)
    content = b"def total(total):\n    return total\n"
    job = jobs.claim(jobs.enqueue(source).pk)
    answer = prepare(object_id(content), "later.py", content, max_bytes=10**6)
    store_blobs(job, [answer])
    assert Batch.objects.get(pk=batch.pk).passages == batch.passages + 1  # joined the last one
    assert scores("total", scope) == before


def test_the_chunks_of_a_commit_join_the_batch_of_their_source_until_it_is_full(
    corpus_factory: CorpusFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "FULL", 5)
    files = dict(FILES)
    source = corpus_factory("shop", files, embed=False)
    for number in range(4):
        files[f"more{number}.py"] = f"def more{number}(total):\n    return total\n"
        corpus_factory("shop", files, embed=False)
    sizes = Batch.objects.order_by("first").values_list("passages", flat=True)
    assert list(sizes) == [5, 2]
    assert len(scores("total", Scope(frozenset({source.pk})))) == 6


def test_what_was_pruned_leaves_its_batch_and_the_rest_is_scored_as_before(
    corpus_factory: CorpusFactory,
) -> None:
    scope = Scope(frozenset({corpus_factory("shop", FILES, embed=False).pk}))
    left = {"cart.py": FILES["cart.py"], "stock.py": FILES["stock.py"]}
    corpus_factory("shop", left, embed=False)
    before = scores("total", scope)
    assert prune() == 1
    assert scores("total", scope) == before
    sweep_postings()
    assert scores("total", scope) == before != {}
    assert sum(Batch.objects.values_list("passages", flat=True)) == Passage.objects.count()


def test_a_blob_that_is_read_anew_is_found_by_its_new_chunks(
    corpus_factory: CorpusFactory,
) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    scope = Scope(frozenset({source.pk}))
    before = scores("total", scope)
    Blob.objects.update(reader_version=-1)
    job = jobs.claim(jobs.enqueue(source).pk)
    answers = [
        prepare(object_id(text.encode()), path, text.encode(), max_bytes=10**6)
        for path, text in FILES.items()
    ]
    store_blobs(job, answers)
    after = scores("total", scope)
    assert sorted(after.values()) == pytest.approx(sorted(before.values()))
    assert not after.keys() & before.keys()


def test_postings_are_read_by_their_key_once_there_are_many(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO indexer_posting (batch, term, entries)"
            r" SELECT 1000000 + n % 50, n, '\x000001' FROM generate_series(1, 30000) AS n"
        )
        cursor.execute("ANALYZE indexer_posting")
        batches = view_of(Visibility(Scope(frozenset({source.pk})))).chunks.batches.tolist()
        cursor.execute(f"EXPLAIN {POSTINGS}", {"batches": batches, "terms": [term_id("total")]})
        plan = "\n".join(str(row[0]) for row in cursor.fetchall())
    assert "indexer_posting_pkey" in plan
    assert "Seq Scan" not in plan
