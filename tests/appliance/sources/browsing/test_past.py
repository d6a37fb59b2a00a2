"""Blame, history and changes: of what may be read, with secrets masked in every version."""

from __future__ import annotations

import shutil

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event, Exposure
from appliance.sources.granting import set_grant
from indexer import clients
from indexer.models import Blob
from tests.appliance.sources.browsing.conftest import KEY, Shop

pytestmark = [pytest.mark.services, pytest.mark.django_db]

VIEWS = ("blame", "history", "change", "raw", "colours")


def change(client: Client, shop: Shop, path: str, commit: str) -> str:
    return client.get(shop.at("change", path), {"commit": commit}).content.decode()


@pytest.mark.parametrize("person", ["owner", "reader"])
def test_readers_see_who_wrote_which_lines(
    person: str, client: Client, shop: Shop, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    page = client.get(shop.at("blame", "shop/cart.py")).content.decode()
    first, second, _ = shop.commits
    assert page.count(f"{shop.at('change', 'shop/cart.py')}?commit={second}") == 1
    assert page.count(f"?commit={first}") == 2  # above the changed line and below it
    assert "Call it a cart" in page
    assert "Ada Example" in page
    assert "ada@example.com" not in page
    assert 'id="L12"' in page
    read = Event.objects.get(action="file.read")
    assert read.details["view"] == "blame"


def test_history_follows_a_rename(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    page = client.get(shop.at("history", "shop/cart.py")).content.decode()
    assert page.index("Call it a cart") < page.index("Begin")
    assert "shop/basket.py" in page
    assert "Raise the rate" not in page
    shown = change(client, shop, "shop/cart.py", shop.commits[1])
    assert '<span class="change-sign">-</span><span class="code-text">    return cart' in shown
    assert '<span class="change-sign">+</span><span class="code-text">    return [*cart' in shown
    assert change(client, shop, "shop/cart.py", shop.commits[0]).count("is-added") == 12


def test_a_change_is_recorded_with_its_lines(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    change(client, shop, "shop/tax.py", shop.commits[2])
    event = Event.objects.get(action="file.read")
    assert (event.details["view"], event.details["commit"]) == ("change", shop.commits[2])
    assert set(Exposure.objects.values_list("path", flat=True)) == {"shop/tax.py"}


def test_secrets_are_masked_in_every_view_of_every_version(
    client: Client, shop: Shop, reader: User
) -> None:
    client.force_login(reader)
    renewed = KEY.replace("As", "Bt")
    pages = [
        client.get(shop.at(view, "shop/tax.py"), {"commit": commit}).content.decode()
        for view in ("files", *VIEWS)
        for commit in (shop.commits[0], shop.commits[2])
    ]
    for page in pages:
        assert KEY not in page
        assert renewed not in page
    last = change(client, shop, "shop/tax.py", shop.commits[2])
    assert "return 2" in last
    assert "[SECRET:gitlab-token]" in last  # beside what changed, the same in both versions
    assert last.count("is-added") == last.count("is-removed") == 1
    assert "not [SECRET:gitlab-token]" in last
    assert "[SECRET:gitlab-token]" in change(client, shop, "shop/tax.py", shop.commits[0])


def test_messages_are_for_readers_of_the_whole_source(
    client: Client, shop: Shop, reader: User
) -> None:
    set_grant("readers", shop.source, "vault/", allow=False)
    client.force_login(reader)
    pages = [
        client.get(shop.at("blame", "shop/tax.py")).content.decode(),
        client.get(shop.at("history", "shop/tax.py")).content.decode(),
        change(client, shop, "shop/tax.py", shop.commits[2]),
    ]
    for page in pages:
        assert "Ada Example" in page
        assert "vault" not in page
        assert "Raise the rate" not in page


def test_an_earlier_name_that_may_not_be_known_ends_the_history(
    client: Client, shop: Shop, reader: User
) -> None:
    set_grant("readers", shop.source, "shop/basket.py", allow=False)
    client.force_login(reader)
    history = client.get(shop.at("history", "shop/cart.py")).content.decode()
    blame = client.get(shop.at("blame", "shop/cart.py")).content.decode()
    for page in (history, blame):
        assert "basket" not in page
        assert shop.commits[0] not in page
        assert shop.commits[1] in page
    refused = client.get(shop.at("change", "shop/cart.py"), {"commit": shop.commits[0]})
    missing = client.get(shop.at("change", "shop/cart.py"), {"commit": "0" * 40})
    assert refused.status_code == missing.status_code == 404
    told = [answer.content.partition(b"<article")[2] for answer in (refused, missing)]
    assert told[0] == told[1] != b""
    whole = change(client, shop, "shop/cart.py", shop.commits[1])
    assert whole.count("is-added") == 12
    assert "basket" not in whole


def test_an_earlier_name_that_is_excluded_ends_it_too(
    client: Client, shop: Shop, reader: User
) -> None:
    shop.source.exclude_patterns = ["basket.py"]
    shop.source.save()
    client.force_login(reader)
    assert b"basket" not in client.get(shop.at("history", "shop/cart.py")).content


def test_who_may_not_read_a_file_learns_nothing_of_its_past(
    client: Client, shop: Shop, reader: User, outsider: User, staff: User
) -> None:
    asked = {"commit": shop.commits[0]}
    for person in (outsider, staff):
        client.force_login(person)
        for view in VIEWS:
            refused = client.get(shop.at(view, "shop/tax.py"), asked)
            missing = client.get(f"/{view}/nothing/main/shop/tax.py", asked)
            assert (refused.status_code, refused.content) == (404, missing.content), view
    set_grant("readers", shop.source, "vault/", allow=False)
    client.force_login(reader)
    for view in VIEWS:
        missing = client.get(shop.at(view, "vault/nothing.py"), asked)
        for path in ("vault/keys.py", "vault/", "vault", "link.py", "logo.png"):
            refused = client.get(shop.at(view, path), asked)
            assert (refused.status_code, refused.content) == (404, missing.content), (view, path)


HOSTILE = (
    "../../etc/passwd", "--output=x", "shop/%00.py", "x" * 5000, "*", ":(glob)**", "HEAD",
    "shop%2F..%2Fvault%2Fkeys.py", "%ff.py", "shop/cart.py%0A",
)  # fmt: skip


def test_hostile_paths_and_commits_are_not_found(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    for path in HOSTILE:
        for view in VIEWS:
            assert client.get(shop.at(view, path)).status_code == 404, (view, path)
        assert client.get(f"/blame/shop/--all/{path}").status_code == 404, path
    for commit in ("", "HEAD", "--all", "main", "0" * 40, "x\0", shop.commits[1]):
        got = client.get(shop.at("change", "shop/tax.py"), {"commit": commit})
        assert got.status_code == 404, commit


def test_odd_names_have_a_past(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    for view in ("blame", "history", "raw", "files"):
        got = client.get(shop.at(view, "odd%20%5B%C3%A9%5D%20%252e%3F.py"))
        assert got.status_code == 200, view


def test_what_cannot_be_told_is_said(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    Blob.objects.filter(documents__path="shop/deep/er/still.py").update(line_count=7)
    counted = client.get(shop.at("blame", "shop/deep/er/still.py")).content.decode()
    assert "git counts the lines of this file in another way" in counted
    shutil.rmtree(clients.mirror_of(shop.source))
    for view in ("blame", "history"):
        gone = client.get(shop.at(view, "README.md"))
        assert gone.status_code == 200
        assert "The next sync brings it back" in gone.content.decode()
    Blob.objects.filter(documents__path="README.md").update(format="pdf")
    page = client.get(shop.at("blame", "README.md")).content.decode()
    assert "taken out of a document" in page
