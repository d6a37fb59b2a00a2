"""Code that a question holds is found letter by letter, behind the reader's wall."""

from __future__ import annotations

import pytest

from indexer.retrieval.exact import MOST_BLOBS, exact_candidates, pieces_in
from indexer.retrieval.queries import Candidate, Visibility
from indexer.retrieval.search import search
from indexer.scope import PathRule, Scope
from tests.indexer.retrieval.conftest import CorpusFactory

FILES = {
    "cart.py": "def total(cart):\n    raise CartError('cart is empty: add an item')\n",
    "cli.py": "parser.add_argument('--no-color')\n",
    "shop/pay.py": "def pay(cart):\n    return cart.total_of(cart)\n",
    "docs/guide.md": "# Guide\n\nPay with `cart.total_of`.\n",
}


def found(query: str, scope: Scope) -> list[Candidate]:
    return exact_candidates(Visibility(scope), pieces_in(query), pool=10)


def whole(corpus_factory: CorpusFactory, files: dict[str, str] = FILES) -> Scope:
    return Scope(frozenset({corpus_factory("shop", files).pk}))


@pytest.mark.parametrize(
    ("query", "pieces"),
    [
        ("Why does `total_of` round?", ["total_of"]),
        ('Who says "cart is empty"?', ["cart is empty"]),
        ("the user's cart isn't empty", []),
        ("What happens after --no-color?", ["--no-color"]),
        ("Let cart.total_of() round", ["cart.total_of", "total_of"]),
        ("Call cartTotal and CartError", ["cartTotal", "CartError"]),
        ("plain words about a cart", []),
        ("`x` and `" + "y" * 200 + "`", []),
    ],
)
def test_code_is_told_from_words(query: str, pieces: list[str]) -> None:
    assert pieces_in(query) == pieces


def test_a_message_is_found_where_it_stands(corpus_factory: CorpusFactory) -> None:
    (hit, *_) = search('Who says "cart is empty: add"?', scope=whole(corpus_factory)).hits
    assert (hit.path, "exact" in hit.legs) == ("cart.py", True)


def test_case_and_every_letter_count(corpus_factory: CorpusFactory) -> None:
    scope = whole(corpus_factory)
    assert len(found("`CartError`", scope)) == 1
    assert found("`Carterror`", scope) == []
    assert found("`total_off`", scope) == []


def test_a_piece_in_fewer_files_counts_more(corpus_factory: CorpusFactory) -> None:
    scope = whole(corpus_factory)
    (rare,), common = found("`CartError`", scope), found("`total_of`", scope)
    assert len(common) == 2
    assert rare.score > common[0].score


def test_a_piece_that_stands_everywhere_says_nothing(corpus_factory: CorpusFactory) -> None:
    files = {f"f{n}.py": f"shared_name = {n}\n" for n in range(MOST_BLOBS + 1)}
    assert found("`shared_name`", whole(corpus_factory, files)) == []


def test_what_may_not_be_read_is_neither_found_nor_counted(corpus_factory: CorpusFactory) -> None:
    source = corpus_factory("shop", FILES)
    reader = Scope.from_rules([PathRule(source.pk, "docs/", allow=True)])
    outsider = Scope()
    everything = found("`total_of`", Scope(frozenset({source.pk})))
    (only,) = found("`total_of`", reader)
    assert only.chunk_id in {one.chunk_id for one in everything}
    assert found("`CartError`", reader) == []
    assert found("`total_of`", outsider) == []
    alone = corpus_factory("alone", {"docs/guide.md": FILES["docs/guide.md"]})
    (same,) = found("`total_of`", Scope(frozenset({alone.pk})))
    assert only.score == same.score


@pytest.mark.parametrize("piece", ["%s", "100%_%", "\\", "'; --", "``", "\U0001f600 abc"])
def test_no_piece_breaks_the_search(corpus_factory: CorpusFactory, piece: str) -> None:
    assert found(f"`{piece}xyz`", whole(corpus_factory)) == []
