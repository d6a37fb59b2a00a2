"""The search flow: its legs, what narrows it, and queries that were made to break it."""

from __future__ import annotations

import pytest

from indexer.retrieval.search import search
from indexer.scope import Scope
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.indexer.retrieval.conftest import CorpusFactory

FILES = {
    "shop/cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "shop/stock.py": "def left(item):\n    return item.count\n",
    "docs/guide.md": "# Guide\n\nHow to sell.\n",
}
HOSTILE = [
    "",
    "   \n\t ",
    "\0",
    "total\0price",
    "?!,.;:-_()[]{}",
    "'; DROP TABLE indexer_chunk; --",
    "\"quoted\" 'single' `tick` \\back\\slash",
    "%s %(terms)s %d %% {0}",
    "^(a+)+$ .* [a-z]{1,9999} (?:(?=x))",
    "\ud800 lone surrogate",
    "\u202eevil \u200b zero \ufeff",
    "日本語の検索 поиск 😀 ﷽",
    "a" * 1_000_000,
    "total price " * 100_000,
    "(" * 8000,
]


@pytest.fixture
def scope(corpus_factory: CorpusFactory) -> Scope:
    return Scope(frozenset({corpus_factory("shop", FILES).pk}))


def test_a_hit_shows_the_verbatim_lines_and_where_they_stand(scope: Scope) -> None:
    hit = search("total price", scope=scope).hits[0]
    assert (hit.source, hit.path, hit.language) == ("shop", "shop/cart.py", "python")
    assert hit.text.split("\n") == hit.span.lines_of(FILES["shop/cart.py"])
    assert len(hit.commit) == 40
    assert 0 < hit.score <= 1
    assert hit.matched == ("price", "total")


def test_the_json_of_a_hit_has_the_keys_that_scripts_rely_on(scope: Scope) -> None:
    assert list(search("total", scope=scope).hits[0].to_json()) == [
        "source",
        "path",
        "commit",
        "start_line",
        "end_line",
        "symbol",
        "score",
        "legs",
    ]


def test_hits_come_best_first_with_scores_between_0_and_1(scope: Scope) -> None:
    scores = [hit.score for hit in search("item price stock", scope=scope).hits]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_each_leg_says_what_it_found(scope: Scope) -> None:
    result = search("stock left", scope=scope)
    assert result.legs == ("lexical", "path", "symbol", "vector")
    assert (result.hits[0].path, result.hits[0].legs) == (
        "shop/stock.py",
        ("lexical", "vector", "path", "symbol"),
    )
    assert result.best_similarity > 0


def test_a_document_is_found_by_its_path_alone(
    corpus_factory: CorpusFactory, models: FakeServer
) -> None:
    source = corpus_factory("shop", FILES | {"odd/zebra.txt": "nothing of that word\n"})
    models.model.script = Script(mode=Mode.HTTP500)
    hits = search("zebra", scope=Scope(frozenset({source.pk}))).hits
    assert [(hit.path, hit.legs, hit.span.start_line) for hit in hits] == [
        ("odd/zebra.txt", ("path",), 1)
    ]


def test_without_an_embedding_server_the_words_decide(scope: Scope, models: FakeServer) -> None:
    models.model.script = Script(mode=Mode.HTTP500)
    result = search("total price", scope=scope)
    assert result.legs == ("lexical", "path", "symbol")
    assert [hit.path for hit in result.hits] == ["shop/cart.py"]
    assert result.best_similarity == 0


def test_without_vectors_in_the_corpus_the_words_decide(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES, embed=False)
    result = search("total price", scope=Scope(frozenset({source.pk})))
    assert result.legs == ("lexical", "path", "symbol")
    assert [hit.path for hit in result.hits] == ["shop/cart.py"]


def test_the_limit_holds(scope: Scope) -> None:
    assert len(search("item", scope=scope, limit=1).hits) == 1


def test_one_document_shows_as_many_chunks_as_asked(corpus_factory: CorpusFactory) -> None:
    text = "".join(
        f"def handler_{n}(request):\n" + "    step(request)\n" * 40 + "\n\n" for n in range(6)
    )
    scope = Scope(frozenset({corpus_factory("shop", {"long.py": text}).pk}))
    assert len(search("handler request", scope=scope, per_document=1).hits) == 1
    hits = search("handler request", scope=scope).hits
    assert len({hit.span for hit in hits}) == len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: ascii(query[:20]))
def test_no_query_breaks_the_search(scope: Scope, query: str) -> None:
    result = search(query, scope=scope)
    assert all(hit.source == "shop" for hit in result.hits)


@pytest.mark.parametrize("name", ["\0", "\ud800", "'; --", "%s", "x" * 10_000])
def test_no_name_of_a_source_or_ref_breaks_the_search(scope: Scope, name: str) -> None:
    assert search("total", scope=scope, source_names=[name]).hits == ()
    assert search("total", scope=scope, refs=[name]).hits == ()
