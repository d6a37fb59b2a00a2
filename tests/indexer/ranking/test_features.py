"""What is known of each found document: relative to the search, one row each, nothing that breaks."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.ranking.features import DIRECTIONS, NAMES, Activity, Matrix, features_of
from indexer.retrieval.fusion import fuse
from indexer.retrieval.gathering import Pools, gather
from indexer.retrieval.queries import Visibility
from indexer.scope import Scope
from tests.indexer.retrieval.conftest import CorpusFactory

FILES = {
    "shop/cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "shop/stock.py": "def left(item):\n    return item.count\n",
    "shop/tests/test_cart.py": "def test_total():\n    assert total([]) == 0\n",
    "docs/cart.md": "# The cart\n\nHow the total of a price list comes to be.\n",
}


@pytest.fixture
def scope(corpus_factory: CorpusFactory) -> Scope:
    return Scope(frozenset({corpus_factory("shop", FILES).pk}))


def rows_of(query: str, scope: Scope) -> dict[str, dict[str, float]]:
    pools = gather(query, Visibility(scope))
    ranked = fuse(pools)
    rows = features_of(pools, ranked)
    assert rows.shape == (len(ranked), len(NAMES))
    assert np.isfinite(rows).all()
    return {
        one.document.path: dict(zip(NAMES, map(float, row), strict=True))
        for one, row in zip(ranked, rows, strict=True)
    }


def test_shares_are_of_the_best_of_the_same_search(scope: Scope) -> None:
    rows = rows_of("total price", scope)
    for name in ("words", "words_best", "file_words", "meaning_scaled", "words_rank"):
        values = [row[name] for row in rows.values()]
        assert max(values) == pytest.approx(1)
        assert min(values) >= 0
    assert rows["shop/cart.py"]["file_coverage"] == pytest.approx(1)
    assert 0 < rows["shop/tests/test_cart.py"]["file_coverage"] < 1


def test_what_kind_of_file_it_is_counts_for_descriptions_alone(scope: Scope) -> None:
    kinds = ("is_source", "is_test", "is_prose")

    def kinds_of(query: str) -> dict[str, list[float]]:
        rows = rows_of(query, scope)
        return {path: [row[kind] for kind in kinds] for path, row in rows.items()}

    described = kinds_of("round the total of the cart")
    assert described["shop/cart.py"] == [1, 0, 0]
    assert described["shop/tests/test_cart.py"] == [0, 1, 0]
    assert described["docs/cart.md"] == [0, 0, 1]
    assert set(map(tuple, kinds_of("total cart").values())) == {(1, 0, 0)}  # too few to describe
    asked = kinds_of("where is the total of the cart rounded")
    assert all(kind == [1, 0, 0] for kind in asked.values())


def test_names_folders_and_definitions_speak_for_a_file(scope: Scope) -> None:
    rows = rows_of("where does the cart compute total", scope)
    assert rows["shop/cart.py"]["symbol"] > 0
    assert rows["shop/cart.py"]["name_asked"] == 1
    assert rows["shop/cart.py"]["name_whole"] == 1
    assert rows["shop/tests/test_cart.py"]["name_whole"] == 0
    assert rows["shop/stock.py"]["neighbours"] > rows["docs/cart.md"]["neighbours"]
    assert rows["shop/tests/test_cart.py"]["depth"] == 2


def test_code_that_is_found_letter_by_letter_speaks_for_a_file(scope: Scope) -> None:
    rows = rows_of("Where is `item.price` summed?", scope)
    assert rows["shop/cart.py"]["exact"] == 1
    assert {row["exact"] for path, row in rows.items() if path != "shop/cart.py"} == {0}


def test_a_source_with_more_of_the_best_speaks_for_its_files(
    corpus_factory: CorpusFactory,
) -> None:
    sources = [corpus_factory("shop", FILES), corpus_factory("yard", {"total.py": "total = 1\n"})]
    rows = rows_of("total price of items", Scope(frozenset(one.pk for one in sources)))
    assert rows["shop/cart.py"]["source"] == rows["docs/cart.md"]["source"] == 1
    assert 0 < rows["total.py"]["source"] < 1


def test_activity_is_what_the_caller_says(scope: Scope) -> None:
    pools = gather("total", Visibility(scope))
    ranked = fuse(pools)
    quiet = features_of(pools, ranked, lambda document: Activity(0, 0.0))
    busy = features_of(pools, ranked, lambda document: Activity(9, 0.0))
    place = NAMES.index("touches")
    assert (quiet[:, place].max(), busy[:, place].min()) == (0, 1)


@pytest.mark.parametrize(
    "query",
    ["?!", "a", "\ud800", "zebra" * 500, "total " * 4000],
    ids=["signs", "a", "odd", "long", "many"],
)
def test_any_question_gives_whole_rows(scope: Scope, query: str) -> None:
    rows_of(query.encode("utf-8", "replace").decode(), scope)


def test_nothing_found_gives_no_rows() -> None:
    empty: Matrix = features_of(Pools("", {}, (), (), (), (), (), ()), [])
    assert empty.shape == (0, len(NAMES))
    assert set(DIRECTIONS.values()) <= {-1, 0, 1}
