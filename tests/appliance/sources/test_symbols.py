"""Names, where they are defined and used: exactly what git grep would say, for who may read it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.access import operator_scope, scope_of
from appliance.sources.granting import set_grant
from indexer.models import Source
from indexer.retrieval.symbols import as_symbol, definitions_of, uses_of
from indexer.scope import Scope
from tests.conftest import RepositoryFactory, SourceFactory

FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": (
        "from shop.tax import rate\n\nLIMIT = 9\n\n\nclass Cart:\n    def total(self):\n"
        "        return sum(self.items) * rate()\n\n\ndef total(items):\n    return sum(items)\n"
    ),
    "shop/tax.py": "def rate():\n    return 1.19\n",
    "docs/use.py": "from shop.cart import total\n\nprint(total([1]))\nprint(total([2]))\n",
    "web/cart.js": "export class Cart { total() { return rate(); } }\n",
}


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def test_definitions_come_with_kind_and_lines(source: Source) -> None:
    found = definitions_of("total", scope=operator_scope())
    assert [(hit.path, hit.qualified, hit.kind, str(hit.span)) for hit in found.hits] == [
        ("shop/cart.py", "Cart.total", "method", "L7-L8"),
        ("shop/cart.py", "total", "function", "L11-L12"),
        ("web/cart.js", "Cart.total", "method", "L1-L1"),
    ]
    assert found.total == 3


def test_a_qualified_name_finds_only_itself(source: Source) -> None:
    found = definitions_of("Cart.total", scope=operator_scope())
    assert {hit.qualified for hit in found.hits} == {"Cart.total"}
    assert definitions_of("Basket.total", scope=operator_scope()).hits == ()


def test_uses_come_with_their_lines(source: Source) -> None:
    found = uses_of("total", scope=operator_scope())
    (use,) = found.hits
    assert (use.path, use.line_count) == ("docs/use.py", 3)
    assert use.lines == (
        (1, "from shop.cart import total"),
        (3, "print(total([1]))"),
        (4, "print(total([2]))"),
    )
    assert [hit.path for hit in uses_of("rate", scope=operator_scope()).hits] == [
        "shop/cart.py",
        "web/cart.js",
    ]


@pytest.mark.parametrize(
    ("query", "symbol"),
    [
        ("total", "total"),
        (" Cart.total() ", "Cart.total"),
        ("a::b", "a::b"),
        ("größe", "größe"),
        ("two words", ""),
        ("x" * 300, ""),
        ("%", ""),
        ("", ""),
        ("a.", ""),
        ("1x", ""),
    ],
)
def test_only_a_name_is_taken_for_one(query: str, symbol: str) -> None:
    assert as_symbol(query) == symbol


def test_a_rule_for_paths_holds_for_names_too(
    source: Source, owner: User, reader: User, outsider: User
) -> None:
    set_grant("readers", source)
    set_grant("readers", source, "shop", allow=False)
    for person in (owner, reader):
        scope = scope_of(person)
        assert {hit.path for hit in definitions_of("total", scope=scope).hits} == {"web/cart.js"}
        assert definitions_of("total", scope=scope).total == 1
        assert {hit.path for hit in uses_of("rate", scope=scope).hits} == {"web/cart.js"}
    for scope in (scope_of(outsider), Scope()):
        assert definitions_of("total", scope=scope).total == 0
        assert uses_of("rate", scope=scope).total == 0


def test_names_are_those_of_the_asked_ref(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    repository = repository_factory({"a.py": "def old_name():\n    pass\n"})
    repository.git("tag", "v1")
    repository.commit({"a.py": "def new_name():\n    pass\n"})
    source_factory("shop", repository=repository, refs=("main", "v1"))
    scope = operator_scope()
    assert definitions_of("old_name", scope=scope).total == 0
    assert definitions_of("old_name", scope=scope, refs=["v1"]).total == 1
    assert definitions_of("new_name", scope=scope, refs=["v1"]).total == 0


def test_the_page_shows_definitions_and_uses(client: Client, source: Source, reader: User) -> None:
    set_grant("readers", source)
    client.force_login(reader)
    page = client.get("/symbols/", {"name": "total"}).content.decode()
    assert "Cart.total" in page
    assert "print(total([2]))" in page
    assert "Used in 1 document" in page
    box = client.get("/search/", {"q": "total"}).content.decode()
    assert "Defined here" in box
    assert "/symbols/?name=total" in box
    assert "Defined here" not in client.get("/search/", {"q": "total of items"}).content.decode()


def test_who_may_read_nothing_sees_what_an_unknown_name_shows(
    client: Client, source: Source, outsider: User
) -> None:
    client.force_login(outsider)
    token = r'name="csrfmiddlewaretoken" value="\w+"'
    known, unknown = (
        re.sub(token, "", client.get("/symbols/", {"name": name}).content.decode())
        for name in ("total", "nothing")
    )
    assert known.replace("total", "nothing") == unknown
    assert client.get("/symbols/").status_code == 200
    assert (
        client.get("/symbols/", {"name": "a\0b", "page": "999999", "ref": "x"}).status_code == 200
    )


def test_signed_out_people_sign_in_first(client: Client, source: Source) -> None:
    assert client.get("/symbols/", {"name": "total"}).status_code == 302
