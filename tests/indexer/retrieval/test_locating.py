"""Documents by what somebody calls their path, on a real PostgreSQL and behind the scope."""

from __future__ import annotations

import pytest

from indexer.models import Source
from indexer.retrieval.locating import LONGEST_PATH, documents_at
from indexer.scope import PathRule, Scope
from tests.indexer.retrieval.conftest import CorpusFactory

FILES = {
    "shop/cart.py": "def add_item(cart):\n    return cart\n",
    "old/shop/cart.py": "def add_item(cart):\n    return None\n",
    "vault/keys.py": "KEY = 1\n",
    "odd/100%_\\x.py": "ODD = 1\n",
}


@pytest.fixture
def shop(corpus_factory: CorpusFactory) -> Source:
    return corpus_factory("shop", FILES, embed=False)


def paths(asked: str, scope: Scope) -> list[str]:
    return [one.path for one in documents_at([asked], scope=scope)]


def whole(source: Source) -> Scope:
    return Scope(frozenset({source.pk}))


@pytest.mark.parametrize("asked", ["shop/cart.py", "cart.py", "./shop/cart.py", "/shop/cart.py"])
def test_the_end_of_a_path_names_its_documents_the_shortest_first(asked: str, shop: Source) -> None:
    assert paths(asked, whole(shop)) == ["shop/cart.py", "old/shop/cart.py"]


def test_a_path_may_begin_with_its_source(shop: Source) -> None:
    assert paths("shop/shop/cart.py", whole(shop)) == ["shop/cart.py"]


def test_a_document_says_where_it_stands(shop: Source) -> None:
    (found,) = documents_at(["vault/keys.py"], scope=whole(shop))
    assert (found.source_id, found.source, found.asked) == (shop.pk, "shop", "vault/keys.py")
    assert found.line_count >= 1
    assert found.commit == shop.refs.get(is_default=True).commit


@pytest.mark.parametrize(
    "asked",
    ["art.py", "cart", "shop", "shop/", "", "/", "%", "_art.py", "..", "../shop/cart.py",
     "a\0b", "\ud800.py", "x" * (LONGEST_PATH + 1)],
)  # fmt: skip
def test_what_is_no_end_of_a_path_finds_nothing(asked: str, shop: Source) -> None:
    assert paths(asked, whole(shop)) == []


def test_letters_that_are_patterns_elsewhere_are_letters(shop: Source) -> None:
    assert paths("100%_\\x.py", whole(shop)) == ["odd/100%_\\x.py"]


def test_nothing_is_found_behind_a_rule_or_by_an_outsider(shop: Source) -> None:
    half = Scope(rules=(PathRule(shop.pk, "", True), PathRule(shop.pk, "vault/", False)))
    assert paths("keys.py", half) == []
    assert paths("cart.py", half) == ["shop/cart.py", "old/shop/cart.py"]
    assert paths("cart.py", Scope()) == []


def test_sources_narrow_and_refs_choose(shop: Source) -> None:
    assert documents_at(["cart.py"], scope=whole(shop), source_names=["other"]) == []
    assert documents_at(["cart.py"], scope=whole(shop), refs=["no-such-ref"]) == []
