"""The search page: only what one may read, in every answer that it gives."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.granting import set_grant
from indexer.models import Source
from tests.conftest import SourceFactory

FILES = {
    "shop/cart.py": "def add_item(cart, item):\n    cart.append(item)\n    return cart\n",
    "secret/keys.md": "# Master key\n\nadd_item of the secret folder\n",
}


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.mark.parametrize("person", ["owner", "reader"])
def test_readers_find_what_is_granted(
    person: str, client: Client, source: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = client.get("/search/", {"q": "add item"})
    assert response.status_code == 200
    assert b"cart.py" in response.content
    assert b"<mark>" in response.content


@pytest.mark.parametrize("person", ["outsider", "staff"])
@pytest.mark.parametrize("query", [{"q": "add item"}, {"q": "add item", "source": "shop"}])
def test_who_is_granted_nothing_finds_nothing_and_no_name(
    person: str,
    query: dict[str, str],
    client: Client,
    source: Source,
    request: pytest.FixtureRequest,
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = client.get("/search/", query)
    assert response.status_code == 200
    assert response.context["names"] == response.context["chosen"] == []
    assert b"cart.py" not in response.content


def test_a_denied_folder_is_not_found(client: Client, source: Source, reader: User) -> None:
    set_grant("readers", source, "secret/", allow=False)
    client.force_login(reader)
    response = client.get("/search/", {"q": "master key secret"})
    assert b"keys.md" not in response.content


def test_a_source_that_one_may_not_read_narrows_nothing(
    client: Client, source: Source, source_factory: SourceFactory, reader: User
) -> None:
    source_factory("hidden", {"a.py": "add_item = 1\n"}, grant=None)
    client.force_login(reader)
    response = client.get("/search/", {"q": "add_item", "source": "hidden"})
    assert response.context["names"] == ["shop"]
    assert response.context["chosen"] == []
    assert b"cart.py" in response.content


@pytest.mark.parametrize("page", ["0", "-1", "abc", "99999999999999999999", "10", "\u00b2"])
def test_odd_pages_are_pages(page: str, client: Client, source: Source, reader: User) -> None:
    client.force_login(reader)
    assert client.get("/search/", {"q": "item", "page": page}).status_code == 200


@pytest.mark.parametrize(
    "query", ["'", "%", "\\", "a" * 20_000, "<script>alert(1)</script>", "\u200b"]
)
def test_odd_queries_are_queries(query: str, client: Client, source: Source, reader: User) -> None:
    client.force_login(reader)
    response = client.get("/search/", {"q": query})
    assert response.status_code == 200
    assert b"<script>alert" not in response.content


def rename_column(before: str, after: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE indexer_chunk RENAME COLUMN {before} TO {after}")


def test_a_database_that_does_not_answer_is_told(
    transactional_db: None, client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    rename_column("symbol", "no_symbol")
    try:
        response = client.get("/search/", {"q": "item"})
    finally:
        rename_column("no_symbol", "symbol")
    assert response.status_code == 503
    assert b"did not work" in response.content
