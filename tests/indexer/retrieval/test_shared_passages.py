"""What several chunks share is counted for each of them, and for each reader alone."""

from __future__ import annotations

from math import log

import msgspec
import pytest
from django.db.models import Avg

from indexer.confined.prepare import prepare
from indexer.ingestion import jobs
from indexer.ingestion.store import store_blobs
from indexer.lexical.terms import term_id
from indexer.models import Chunk, Passage, Source
from indexer.retrieval.bm25 import K1, B
from indexer.retrieval.lexical import lexical_candidates
from indexer.retrieval.queries import Visibility
from indexer.scope import Scope
from tests.indexer.retrieval.conftest import CorpusFactory, object_id
from tests.indexer.retrieval.test_lexical import indexed_text


def test_passages_of_two_sources_are_counted_for_each_reader_alone(
    corpus_factory: CorpusFactory,
) -> None:
    def scores(*sources: Source) -> list[float]:
        visibility = Visibility(Scope(frozenset(source.pk for source in sources)))
        found = lexical_candidates(visibility, {term_id("total"): 1.0}, pool=100)
        return [candidate.score for candidate in found]

    shared = "def total(items):\n    return sum(items)\n"
    shop = corpus_factory("shop", {"cart.py": shared, "tax.py": "RATE = 1\n"}, embed=False)
    before = scores(shop)
    copies = {f"copy{n}.py": shared + "\n" * n for n in range(1, 5)}
    other = corpus_factory("other", copies, embed=False)
    assert scores(shop) == before != []
    assert len(scores(other)) == 4
    assert len(scores(shop, other)) == 5
    assert Passage.objects.count() == 2


def test_a_text_that_stands_twice_in_a_ref_counts_twice(corpus_factory: CorpusFactory) -> None:
    """As it did when each had postings of its own: the formula, chunk by chunk."""
    text = "def total(items):\n    return sum(items)\n"
    files = {"a.py": text, "b.py": text + "\n", "tax.py": "RATE = 1\n", "c.py": "total = RATE\n"}
    shop = corpus_factory("shop", files, embed=False)
    assert (Passage.objects.count(), Chunk.objects.count()) == (3, 4)
    visibility = Visibility(Scope(frozenset({shop.pk})))
    found = lexical_candidates(visibility, {term_id("total"): 1.0}, pool=100)
    average = Chunk.objects.aggregate(Avg("length_terms"))["length_terms__avg"]
    # "total" is a name too, which counts as if it stood twice more.
    expected = []
    for chunk in Chunk.objects.select_related("blob"):
        times = indexed_text(chunk).count("total")
        norm = K1 * (1 - B + B * chunk.length_terms / average)
        if times:
            expected.append(log(1 + 1.5 / 3.5) * times * (K1 + 1) / (times + norm))
    assert sorted(one.score for one in found) == pytest.approx(sorted(expected))


def test_what_a_reading_child_says_of_its_file_changes_no_other_file(
    corpus_factory: CorpusFactory,
) -> None:
    """A child that a hostile file has taken over may claim the digest of any text."""
    source = corpus_factory("shop", {"empty.py": "PLACE = 1\n"}, embed=False)
    content, lie = b"def total(items):\n    return sum(items)\n", b"nothing = 1\n"
    good = prepare(object_id(content), "cart.py", content, max_bytes=10**6)
    bad = prepare(object_id(lie), "lie.py", lie, max_bytes=10**6)
    bad.chunks[:] = [msgspec.structs.replace(bad.chunks[0], digest=good.chunks[0].digest)]
    job = jobs.claim(jobs.enqueue(source).pk)
    store_blobs(job, [bad])
    store_blobs(job, [good])
    first, second = Chunk.objects.order_by("-pk")[:2]
    assert first.digest == second.digest
    assert first.passage_id != second.passage_id
