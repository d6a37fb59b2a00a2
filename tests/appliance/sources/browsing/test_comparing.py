"""Comparing two branches or tags: what differs for whoever may read it, and for nobody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.models import Grant
from tests.appliance.sources.browsing.conftest import KEY, Shop
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

REFS = "?from=release/1&to=main"


@pytest.fixture
def as_reader(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


@pytest.fixture
def as_outsider(outsider: User) -> Client:
    client = Client()
    client.force_login(outsider)
    return client


def shown(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_a_reader_sees_which_files_differ(shop: Shop, as_reader: Client) -> None:
    response = as_reader.get(f"/compare/shop/{REFS}")
    found = {one.path: one.kind for one in response.context["overview"].files}
    assert found == {
        "shop/basket.py": "removed",
        "shop/cart.py": "added",
        "shop/tax.py": "changed",
    }


def test_the_other_way_round_what_was_added_is_removed(shop: Shop, as_reader: Client) -> None:
    response = as_reader.get("/compare/shop/?from=main&to=release/1")
    found = {one.path: one.kind for one in response.context["overview"].files}
    assert found["shop/basket.py"] == "added"
    assert found["shop/cart.py"] == "removed"


def test_the_default_and_another_are_compared_when_none_is_named(
    shop: Shop, as_reader: Client
) -> None:
    pair = as_reader.get("/compare/shop/").context["pair"]
    assert (pair.before.name, pair.after.name) == ("release/1", "main")


def test_one_file_shows_its_lines_and_no_secret(shop: Shop, as_reader: Client) -> None:
    page = shown(as_reader, f"/compare/shop/shop/tax.py{REFS}")
    assert "return 1" in page
    assert "return 2" in page
    assert KEY not in page
    assert KEY.replace("As", "Bt") not in page
    event = Event.objects.filter(action="file.read").latest("sequence")
    assert event.details["view"] == "compare"


def test_a_file_of_one_side_alone_opens(shop: Shop, as_reader: Client) -> None:
    assert "added in main" in shown(as_reader, f"/compare/shop/shop/cart.py{REFS}")
    assert "no longer in main" in shown(as_reader, f"/compare/shop/shop/basket.py{REFS}")


def test_a_folder_that_is_denied_differs_for_nobody(
    shop: Shop, as_reader: Client, reader: User
) -> None:
    group = Group.objects.filter(user=reader).first()
    Grant.objects.create(group=group, source=shop.source, path_pattern="shop/tax.py", allow=False)
    page = shown(as_reader, f"/compare/shop/{REFS}")
    assert "tax.py" not in page
    absent = as_reader.get(f"/compare/shop/shop/none.py{REFS}")
    denied = as_reader.get(f"/compare/shop/shop/tax.py{REFS}")
    assert (denied.status_code, denied.content) == (404, absent.content)


@pytest.mark.parametrize("path", ["", "shop/tax.py"])
def test_an_outsider_finds_nothing_as_if_there_were_no_source(
    shop: Shop, as_outsider: Client, path: str
) -> None:
    here = as_outsider.get(f"/compare/shop/{path}{REFS}")
    nowhere = as_outsider.get(f"/compare/none/{path}{REFS}")
    assert (here.status_code, here.content) == (404, nowhere.content)


@pytest.mark.parametrize(
    "query", ["?from=none", "?to=none", "?from=%00", "?from=main&to=%00", "?from=' OR 1=1"]
)
def test_names_that_are_not_followed_are_not_there(
    shop: Shop, as_reader: Client, query: str
) -> None:
    assert as_reader.get(f"/compare/shop/{query}").status_code == 404


@pytest.mark.parametrize("path", ["../../etc/passwd", "link.py", "logo.png", "shop/", "a%00b"])
def test_paths_that_are_no_files_of_either_are_not_there(
    shop: Shop, as_reader: Client, path: str
) -> None:
    assert as_reader.get(f"/compare/shop/{path}{REFS}").status_code == 404


def test_a_branch_and_itself_do_not_differ(shop: Shop, as_reader: Client) -> None:
    assert "Nothing differs" in shown(as_reader, "/compare/shop/?from=main&to=main")


def test_with_one_branch_the_page_says_what_to_do(
    source_factory: SourceFactory, as_reader: Client
) -> None:
    source_factory("alone", {"one.py": "x = 1\n"})
    assert "Only one branch is followed" in shown(as_reader, "/compare/alone/")
    assert as_reader.get("/compare/alone/one.py").status_code == 404
