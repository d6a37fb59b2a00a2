"""BM25 in SQL against the same formula in Python, and its plan."""

from __future__ import annotations

from math import log

import pytest

from indexer.lexical.queries import query_weights
from indexer.lexical.terms import term_counts, term_id
from indexer.models import Chunk
from indexer.retrieval.bm25 import K1, B
from indexer.retrieval.lexical import lexical_candidates
from indexer.retrieval.queries import Visibility
from indexer.scope import PathRule, Scope
from tests.indexer.retrieval.conftest import CorpusFactory

FILES = {
    "cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "stock.py": "def left(item):\n    return item.count\n",
    "price.py": "PRICE = 1\nprice = price_of(price, price)\n" * 3,
    "README.md": "# Shop\n\nA shop that sells items at a price.\n",
    "tax.py": "def tax(total, rate):\n    return total * rate\n",
}
QUERIES = ["price", "total price", "item", "shop items rate", "nothing_of_it", "price price"]


def indexed_text(chunk: Chunk) -> str:
    """Return what a chunk is found by: its name counts three times where its lines hold it."""
    body = chunk.span.lines_of(chunk.blob.text)
    return "\n".join([chunk.symbol, chunk.symbol, chunk.context, *body])


def reference_scores(query: str, chunks: list[Chunk]) -> dict[int, float]:
    """Okapi BM25 as in Robertson and Zaragoza (2009), over these chunks alone."""
    counts = {chunk.pk: term_counts(indexed_text(chunk)) for chunk in chunks}
    lengths = {pk: sum(of_chunk.values()) for pk, of_chunk in counts.items()}
    average = sum(lengths.values()) / len(lengths)
    scores: dict[int, float] = {}
    for term, weight in query_weights(query).items():
        holding = [pk for pk in counts if term in counts[pk]]
        idf = log(1 + (len(counts) - len(holding) + 0.5) / (len(holding) + 0.5))
        for pk in holding:
            frequency = counts[pk][term]
            norm = K1 * (1 - B + B * lengths[pk] / average)
            scores[pk] = scores.get(pk, 0) + weight * idf * frequency * (K1 + 1) / (
                frequency + norm
            )
    return scores


def sql_scores(query: str, scope: Scope) -> dict[int, float]:
    weights = {term_id(term): weight for term, weight in query_weights(query).items()}
    found = lexical_candidates(Visibility(scope), weights, pool=100)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    return {candidate.chunk_id: candidate.score for candidate in found}


@pytest.mark.parametrize("query", QUERIES)
def test_scores_equal_the_formula(corpus_factory: CorpusFactory, query: str) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    chunks = list(Chunk.objects.select_related("blob"))
    scores = sql_scores(query, Scope(frozenset({source.pk})))
    assert scores == pytest.approx(reference_scores(query, chunks))


def test_statistics_come_from_the_visible_chunks_alone(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    corpus_factory("secret", {f"p{n}.py": f"price = {n}\n" for n in range(9)}, embed=False)
    chunks = list(Chunk.objects.filter(blob__documents__source=source).select_related("blob"))
    scores = sql_scores("total price", Scope(frozenset({source.pk})))
    assert scores == pytest.approx(reference_scores("total price", chunks))


def test_statistics_come_from_the_visible_paths_alone(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    scope = Scope.from_rules(
        [PathRule(source.pk, "", True), PathRule(source.pk, "price.py", False)]
    )
    chunks = Chunk.objects.exclude(blob__documents__path="price.py").select_related("blob")
    scores = sql_scores("total price", scope)
    assert scores == pytest.approx(reference_scores("total price", list(chunks)))


def test_a_blob_under_two_paths_counts_once(corpus_factory: CorpusFactory) -> None:
    alone = corpus_factory("shop", FILES, embed=False)
    before = sql_scores("total price", Scope(frozenset({alone.pk})))
    twice = corpus_factory("shop", FILES | {"copy/cart.py": FILES["cart.py"]}, embed=False)
    assert sql_scores("total price", Scope(frozenset({twice.pk}))) == pytest.approx(before)
