"""Search shows what the scope holds and tells nothing about the rest."""

from __future__ import annotations

import inspect

import pytest
from pytest_django import DjangoAssertNumQueries

from indexer.retrieval.search import search
from indexer.scope import PathRule, Scope
from inference.fake_server import FakeServer
from tests.indexer.ingestion.corpus import embedded_texts
from tests.indexer.retrieval.conftest import CorpusFactory

OPEN = {
    "shop/cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "shop/stock.py": "def left(item):\n    return item.count\n",
    "shop/tax.py": "def tax(total, rate):\n    return total * rate\n",
}
SECRET = {
    f"plans/price_{n}.py": f"def price_{n}(item):\n    return {n} * total\n" for n in range(8)
}


def placed(query: str, scope: Scope) -> list[tuple[str, str, float]]:
    return [(hit.source, hit.path, hit.score) for hit in search(query, scope=scope).hits]


def test_the_scope_is_a_required_argument() -> None:
    parameter = inspect.signature(search).parameters["scope"]
    assert parameter.default is inspect.Parameter.empty
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("source_names", [(), ("shop",)])
def test_an_outsider_asks_neither_the_database_nor_the_model(
    corpus_factory: CorpusFactory,
    models: FakeServer,
    django_assert_num_queries: DjangoAssertNumQueries,
    source_names: tuple[str, ...],
) -> None:
    corpus_factory("shop", OPEN)
    embedded = len(embedded_texts(models))
    with django_assert_num_queries(0):
        result = search("total price", scope=Scope(), source_names=source_names)
    assert (result.hits, result.legs) == ((), ())
    assert len(embedded_texts(models)) == embedded


@pytest.mark.parametrize("query", ["total price", "price", "plans", "cart"])
def test_a_secret_source_changes_neither_hits_nor_scores(
    corpus_factory: CorpusFactory, query: str
) -> None:
    scope = Scope(frozenset({corpus_factory("shop", OPEN).pk}))
    before = placed(query, scope)
    corpus_factory("secret", SECRET | OPEN)
    assert placed(query, scope) == before


@pytest.mark.parametrize("query", ["total price", "price", "plans", "cart"])
def test_denied_paths_of_the_same_source_change_neither_hits_nor_scores(
    corpus_factory: CorpusFactory, query: str
) -> None:
    source = corpus_factory("shop", OPEN)
    scope = Scope.from_rules([PathRule(source.pk, "", True), PathRule(source.pk, "plans", False)])
    before = placed(query, scope)
    corpus_factory("shop", OPEN | SECRET)
    assert placed(query, scope) == before


def test_a_shared_blob_shows_under_its_readable_path_alone(
    corpus_factory: CorpusFactory,
) -> None:
    scope = Scope(frozenset({corpus_factory("shop", OPEN).pk}))
    corpus_factory("secret", {"plans/copy.py": OPEN["shop/cart.py"]})
    assert {hit.source for hit in search("total price", scope=scope).hits} == {"shop"}


def test_names_of_sources_narrow_and_never_widen(corpus_factory: CorpusFactory) -> None:
    shop, secret = corpus_factory("shop", OPEN), corpus_factory("secret", SECRET)
    both = Scope(frozenset({shop.pk, secret.pk}))
    narrowed = search("total price", scope=both, source_names=["secret"]).hits
    assert {hit.source for hit in narrowed} == {"secret"}
    reader = Scope(frozenset({shop.pk}))
    assert search("total price", scope=reader, source_names=["secret"]).hits == ()
    asked = search("total price", scope=reader, source_names=["secret", "shop"]).hits
    assert {hit.source for hit in asked} == {"shop"}


def test_only_the_default_ref_is_searched_unless_others_are_named(
    corpus_factory: CorpusFactory,
) -> None:
    corpus_factory("shop", OPEN)
    dev = {"shop/dev.py": "def experiment(total):\n    return total\n"}
    scope = Scope(frozenset({corpus_factory("shop", dev, ref="dev", is_default=False).pk}))

    def paths(*refs: str) -> set[str]:
        return {hit.path for hit in search("experiment total", scope=scope, refs=refs).hits}

    assert paths() == paths("main") == OPEN.keys()
    assert paths("dev") == dev.keys()
    assert paths("main", "dev") == OPEN.keys() | dev.keys()
    assert paths("no-such-ref") == set()


def test_a_hit_names_the_commit_of_the_ref_that_was_asked(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", OPEN)
    source = corpus_factory("shop", OPEN, ref="dev", is_default=False)
    scope = Scope(frozenset({source.pk}))
    live = {ref.name: ref.commit for ref in source.refs.all()}
    for refs, name in (((), "main"), (("dev",), "dev")):
        assert {hit.commit for hit in search("total", scope=scope, refs=refs).hits} == {live[name]}
