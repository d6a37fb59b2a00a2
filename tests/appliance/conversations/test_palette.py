"""What pickers offer: all that one may read, and nothing of the rest, however it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.models import Thread
from appliance.sources.models import Grant
from indexer.models import Source
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

FILES = {
    "shop/cart.py": "def add_item(cart):\n    return cart\n",
    "shop/till.py": "class Till:\n    def add_up(self):\n        return 0\n",
    "vault/add_secret.py": "def add_secret():\n    return 1\n",
    "a%b/odd_name.py": "x = 1\n",
}
KINDS = ("source", "folder", "file", "name")


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    source = source_factory("shop", FILES)
    Grant.objects.create(
        group=Grant.objects.get(source=source).group,
        source=source,
        path_pattern="vault/",
        allow=False,
    )
    return source


def offered(person: User, text: str, *kinds: str, **more: Any) -> list[dict[str, str]]:
    client = Client()
    client.force_login(person)
    answer = client.get("/palette/", {"q": text, "kind": list(kinds), **more})
    assert answer.status_code == 200
    entries: list[dict[str, str]] = answer.json()["entries"]
    return entries


def labels(person: User, text: str, *kinds: str, **more: Any) -> list[str]:
    return [entry["label"] for entry in offered(person, text, *kinds, **more)]


def test_a_reader_is_offered_what_they_may_read(shop: Source, reader: User) -> None:
    assert labels(reader, "sho", "source") == ["shop"]
    assert labels(reader, "sho", "folder") == ["shop/"]
    assert labels(reader, "CART", "file") == ["shop/cart.py"]
    assert labels(reader, "add", "name") == ["Till.add_up", "add_item"]
    [entry] = offered(reader, "till", "file")
    assert (entry["detail"], entry["value"]) == ("shop", "shop:shop/till.py")


def test_an_outsider_is_offered_nothing_nor_is_an_admin_without_a_grant(
    shop: Source, outsider: User, staff: User
) -> None:
    for person in (outsider, staff):
        for text in ("", "s", "shop", "shop:", "shop:ca", "add", "cart"):
            assert [one for kind in KINDS for one in offered(person, text, kind)] == []


def test_what_is_denied_is_as_if_it_were_not_there(shop: Source, reader: User) -> None:
    for text in ("vault", "secret", "add_secret", "shop:vault", "shop:va"):
        for one in [one for kind in KINDS for one in offered(reader, text, kind)]:
            assert "secret" not in one["label"], text
            assert "vault" not in one["label"], text
    assert labels(reader, "shop:", "folder") == ["a%b/", "shop/"]


def test_threads_are_ones_own(owner: User, reader: User) -> None:
    Thread.objects.create(owner=owner, title="How does the till add up?")
    assert labels(owner, "add till", "thread") == ["How does the till add up?"]
    assert labels(reader, "till", "thread") == []


def test_each_entry_leads_to_a_page_that_opens(shop: Source, reader: User) -> None:
    client = Client()
    client.force_login(reader)
    links = [one["url"] for one in offered(reader, "add", *KINDS) + offered(reader, "shop", *KINDS)]
    assert len([link for link in links if link]) >= 4
    for link in filter(None, links):
        assert client.get(link, follow=True).status_code == 200, link


def test_letters_that_mean_something_to_a_database_mean_themselves(
    shop: Source, reader: User
) -> None:
    assert labels(reader, "a%b", "file") == ["a%b/odd_name.py"]
    assert labels(reader, "c%t", "file") == []
    assert labels(reader, "a_d", "name") == []
    for text in ("\0", "'; DROP TABLE x; --", "\\", "%" * 500, "\ud800".encode("utf-8", "replace")):
        offered(reader, str(text), *KINDS)


def test_chosen_sources_and_refs_narrow_the_offer(
    shop: Source, source_factory: SourceFactory, reader: User
) -> None:
    source_factory("tools", {"cart.md": "# Cart\n"})
    assert labels(reader, "cart", "file") == ["cart.md", "shop/cart.py"]
    assert labels(reader, "cart", "file", source=["tools"]) == ["cart.md"]
    assert labels(reader, "tools:c", "file", source=["shop"]) == ["cart.md"]
    assert labels(reader, "cart", "file", ref="nowhere") == []


def test_an_unknown_kind_asks_for_all_and_nobody_is_let_in_unsigned(
    shop: Source, reader: User
) -> None:
    assert {one["kind"] for one in offered(reader, "shop", "password")} >= {"source", "folder"}
    assert Client().get("/palette/?q=shop").status_code == 302
