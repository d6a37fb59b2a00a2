"""Search as of a branch or tag: on the page, on the command line, for each kind of person."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.access import scope_of
from appliance.sources.asof import as_of, refs_to_choose
from indexer.models import Source
from indexer.scope import Scope
from tests.conftest import RepositoryFactory, SourceFactory

OLD = "def add_item(cart):\n    return 'forty old euros'\n"
NEW = "def add_item(cart):\n    return 'fifty new euros'\n"


@pytest.fixture
def shop(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    """Follow main and the tags v1 and v2; v1 is older than what main says."""
    repository = repository_factory({"cart.py": OLD}, "shop")
    repository.git("tag", "v1")
    repository.commit({"cart.py": NEW, "late.py": "def add_late(): ...\n"})
    repository.git("tag", "v2")
    return source_factory("shop", repository=repository, refs=("main", "v*"))


@pytest.fixture
def store(source_factory: SourceFactory) -> Source:
    return source_factory("store", {"shelf.py": "def add_item(shelf): ...\n"})


def commit_of(source: Source, ref: str) -> str:
    return source.refs.get(name=ref).commit


def test_the_page_searches_as_of_a_tag(client: Client, shop: Source, reader: User) -> None:
    client.force_login(reader)
    page = client.get("/search/", {"q": "add_item euros", "ref": "v1"}).content.decode()
    assert "forty" in page
    assert "fifty" not in page
    assert f"/files/shop/{commit_of(shop, 'v1')}/cart.py" in page
    now = client.get("/search/", {"q": "add_item euros"}).content.decode()
    assert "fifty" in now
    assert "forty" not in now


def test_the_picker_offers_every_ref_and_keeps_the_chosen_one(
    client: Client, shop: Source, store: Source, reader: User
) -> None:
    client.force_login(reader)
    page = client.get("/search/", {"q": "add", "ref": "v1"}).content.decode()
    assert '<option value="v1" selected>v1</option>' in page
    assert '<option value="main">main (2 sources)</option>' in page
    assert '<option value="v2">v2</option>' in page


def test_there_is_no_picker_where_there_is_no_choice(
    client: Client, store: Source, reader: User
) -> None:
    client.force_login(reader)
    assert b'name="ref"' not in client.get("/search/", {"q": "add"}).content


def test_sources_without_the_ref_are_named(
    client: Client, shop: Source, store: Source, reader: User
) -> None:
    client.force_login(reader)
    page = client.get("/search/", {"q": "add_item", "ref": "v1"}).content.decode()
    assert "store has no v1 and was left out." in page
    assert "shelf.py" not in page


def test_a_ref_that_nobody_has_gets_a_sentence(
    client: Client, shop: Source, store: Source, reader: User
) -> None:
    client.force_login(reader)
    response = client.get("/search/", {"q": "add_item", "ref": "v11"})
    assert "There is no branch or tag v11 in shop, store." in response.content.decode()
    assert "Did you mean v1" in response.content.decode()
    only = client.get("/search/", {"q": "add_item", "ref": "v1", "source": "store"})
    assert "There is no branch or tag v1 in store." in only.content.decode()
    assert client.get("/search/", {"q": "add_item", "ref": "a\0b"}).status_code == 200


@pytest.mark.parametrize("person", ["outsider", "staff"])
def test_refs_of_other_peoples_sources_are_not_known(
    person: str, client: Client, shop: Source, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(person)
    assert refs_to_choose(scope_of(user)) == []
    assert as_of(scope_of(user), ["shop"], "v1").sentence == "There is no branch or tag v1."
    client.force_login(user)
    response = client.get("/search/", {"q": "add_item", "ref": "v"})
    assert [choice.name for choice in response.context["refs"]] == ["v"]
    assert response.context["as_of"].near == ()


def test_without_a_ref_everything_is_looked_at(shop: Source) -> None:
    assert as_of(Scope(frozenset({shop.pk})), (), "").sentence == ""


def test_the_command_searches_as_of_a_tag(shop: Source, store: Source) -> None:
    out = io.StringIO()
    call_command("search", "add_item", "--ref", "v1", "--json", stdout=out)
    hits = json.loads(out.getvalue())["hits"]
    assert {hit["commit"] for hit in hits} == {commit_of(shop, "v1")}
    with pytest.raises(CommandError, match=r"There is no branch or tag v9 in shop, store\."):
        call_command("search", "add_item", "--ref", "v9")
