"""Whether names occur: exactly as spelled, behind the scope, by the trigram index, in bounded time."""

from __future__ import annotations

import pytest
from django.db import connection

from indexer.models import Source
from indexer.retrieval.occurrences import SHORTEST, look_up
from indexer.retrieval.queries import OCCURS, Visibility
from indexer.scope import PathRule, Scope
from tests.indexer.retrieval.conftest import CorpusFactory

FILES = {
    "shop/cart.py": "def add_item(cart):\n    return cart.append(LIMIT_MAX)\n",
    "shop/api.md": "Call `/api/carts` with --dry-run.\n",
    "vault/keys.py": "def open_vault():\n    return hidden_name()\n",
}


@pytest.fixture
def shop(corpus_factory: CorpusFactory) -> Source:
    return corpus_factory("shop", FILES, embed=False)


def whole(source: Source) -> Scope:
    return Scope(frozenset({source.pk}))


@pytest.mark.parametrize("name", ["add_item", "append", "LIMIT_MAX", "cart"])
def test_a_name_that_is_defined_used_or_written_is_found(name: str, shop: Source) -> None:
    assert look_up(names=[name], scope=whole(shop), seconds=9).found == {name}


@pytest.mark.parametrize(
    "name", ["addItem", "add_items", "dd_item", "LIMIT", "limit_max", "remove"]
)
def test_another_spelling_or_a_part_is_not(name: str, shop: Source) -> None:
    found = look_up(names=[name], scope=whole(shop), seconds=9)
    assert (found.found, found.unsearched) == (frozenset(), frozenset())


@pytest.mark.parametrize("path", ["shop/cart.py", "cart.py", "shop", "shop/", "shop/shop/cart.py"])
def test_a_path_is_found_whole_by_its_end_and_as_a_folder(path: str, shop: Source) -> None:
    assert look_up(paths=[path], scope=whole(shop), seconds=9).found == {path}


@pytest.mark.parametrize("path", ["art.py", "shop/car", "cart.p", "op/cart.py"])
def test_a_path_is_made_of_whole_names(path: str, shop: Source) -> None:
    assert look_up(paths=[path], scope=whole(shop), seconds=9).found == frozenset()


@pytest.mark.parametrize("text", ["/api/carts", "--dry-run"])
def test_a_text_is_found_anywhere(text: str, shop: Source) -> None:
    assert look_up(texts=[text], scope=whole(shop), seconds=9).found == {text}


def test_nothing_is_found_behind_a_rule_or_by_an_outsider(shop: Source) -> None:
    half = Scope(rules=(PathRule(shop.pk, "", True), PathRule(shop.pk, "vault/", False)))
    asked = ["open_vault", "hidden_name", "add_item"]
    assert look_up(names=asked, scope=whole(shop), seconds=9).found == set(asked)
    assert look_up(names=asked, scope=half, seconds=9).found == {"add_item"}
    assert look_up(names=asked, scope=Scope(), seconds=9).found == frozenset()
    assert look_up(paths=["vault/keys.py"], scope=half, seconds=9).found == frozenset()


def test_what_is_too_short_is_not_looked_for(shop: Source) -> None:
    short = "x" * (SHORTEST - 1)
    found = look_up(texts=[short], scope=whole(shop), seconds=9)
    assert (found.found, found.unsearched) == (frozenset(), frozenset())


def test_what_there_is_no_time_for_is_said(shop: Source) -> None:
    found = look_up(names=["add_item"], scope=whole(shop), seconds=0)
    assert (found.found, found.unsearched) == (frozenset(), frozenset({"add_item"}))


def test_many_texts_are_looked_up_by_the_trigram_index(shop: Source) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # as look_up does
        cursor.execute(
            "INSERT INTO indexer_blob (oid, size_bytes, language, line_count, text, skip_reason,"
            " skip_detail, reader_version, format, places, note)"
            " SELECT 'many' || n, 1, '', 1, 'x', '', '', 1, '', '[]', ''"
            "   FROM generate_series(1, 20000) AS n"
        )
        cursor.execute(
            "INSERT INTO indexer_trigramset (id, trigrams)"
            " SELECT 1000000 + id, ARRAY[id::int, id::int + 1, id::int + 2] FROM indexer_blob"
            "  WHERE oid LIKE 'many%'"
        )
        cursor.execute(
            "INSERT INTO indexer_trigramuse (blob_id, trigram_set_id)"
            " SELECT id, 1000000 + id FROM indexer_blob WHERE oid LIKE 'many%'"
        )
        cursor.execute("ANALYZE indexer_trigramset, indexer_trigramuse")
        parameters = Visibility(whole(shop)).parameters() | {
            "texts": ["add_item"], "patterns": ["add_item"], "trigrams": ["{6382692,6579295}"],
        }  # fmt: skip
        cursor.execute(f"EXPLAIN {OCCURS}", parameters)
        plan = "\n".join(str(row[0]) for row in cursor.fetchall())
    assert "trigram_set_by_trigram" in plan
    assert look_up(names=["add_item"], scope=whole(shop), seconds=9).found == {"add_item"}
