"""What the pages fetch: downloads, names, colours; and the page itself, long and short."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.browsing.lines import AT_ONCE, shown_at_once, shown_later
from appliance.sources.granting import set_grant
from indexer.spans import Span
from tests.appliance.sources.browsing.conftest import CART, KEY, Shop

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_a_download_is_the_text_as_it_is_shown(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    got = client.get(shop.at("raw", "shop/tax.py", "main"))
    assert got["Content-Type"] == "text/plain; charset=utf-8"
    assert got["Content-Disposition"] == 'attachment; filename="tax.py"'
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got.content.decode().startswith('TOKEN = "[SECRET:gitlab-token]"\n')
    assert KEY not in got.content.decode()
    assert Event.objects.get(action="file.read").details["view"] == "download"


def test_a_name_is_looked_up_where_one_stands_first(
    client: Client, shop: Shop, reader: User
) -> None:
    client.force_login(reader)
    asked = {"name": "rate", "source": "shop", "ref": "main"}
    card = client.get("/symbols/card/", asked).content.decode()
    assert f"{shop.at('files', 'shop/tax.py')}?lines=4-5#L4" in card
    assert "Used in 2 files of shop" in card
    old = client.get("/symbols/card/", {**asked, "ref": "release/1"}).content.decode()
    assert "basket.py" in old
    assert "cart.py" not in old
    assert (
        "data-nothing" in client.get("/symbols/card/", {**asked, "name": "absent"}).content.decode()
    )
    for name in ("", "a b", "<b>", "x" * 300, "a\0"):
        assert "not a name" in client.get("/symbols/card/", {"name": name}).content.decode(), name
    assert Event.objects.filter(action="symbol.read").count() == 3


def test_a_name_is_looked_up_in_what_may_be_read(
    client: Client, shop: Shop, reader: User, outsider: User
) -> None:
    asked = {"name": "open_safe", "source": "shop"}
    client.force_login(reader)
    assert b"keys.py" in client.get("/symbols/card/", asked).content
    set_grant("readers", shop.source, "vault/", allow=False)
    for person in (reader, outsider):
        client.force_login(person)
        card = client.get("/symbols/card/", asked).content
        assert card == client.get("/symbols/card/", {**asked, "source": "nothing"}).content
        assert b"data-nothing" in card


def test_a_file_has_its_outline_and_where_to_go(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    page = client.get(shop.at("files", "shop/cart.py"), {"lines": "4-5"}).content.decode()
    outline = re.findall(r'<li class="outline-(\d)"><a href="#L(\d+)"[^>]*>(\w+)<', page)
    assert outline == [("0", "4", "add"), ("0", "8", "Cart"), ("1", "11", "total")]
    assert 'href="/?about=shop%3Ashop%2Fcart.py&amp;lines=4-5"' in page
    assert f'href="{shop.at("files", "shop/")}">shop</a>' in page
    assert f'href="{shop.at("blame", "shop/cart.py")}?lines=4-5"' in page
    old = client.get(shop.at("files", "shop/basket.py", "release/1")).content.decode()
    assert "ref=release%2F1" in old


def test_markdown_is_rendered_beside_its_source(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    address = shop.at("files", "README.md")
    source = client.get(address).content.decode()
    assert f'href="{address}?rendered=1"' in source
    assert "[the cart](shop/cart.py)" in unescape(re.sub(r"<[^>]*>", "", source))
    page = client.get(address, {"rendered": "1"}).content.decode()
    assert f'<a href="{shop.at("files", "shop/cart.py")}">the cart</a>' in page
    assert "<img" not in page.partition("<main")[2]
    assert "Rendered" not in client.get(shop.at("files", "shop/cart.py")).content.decode()


TEXT = "".join(f'x{number} = """a\n# {number} <b>\n"""\n' for number in range(5000))


def lines_in(html: str) -> list[str]:
    found = re.findall(r'<span class="code-text">(.*?)</span></span>(?=<span|$)', html)
    return [unescape(re.sub(r"<[^>]*>", "", line)) for line in found]


def test_a_long_file_is_whole_at_once_and_coloured_later() -> None:
    marked = Span(3, 14_000)
    shown = shown_at_once(TEXT, "x.py", marked, {})
    assert len(TEXT) > 2 * AT_ONCE
    assert lines_in(shown.html) + lines_in(shown.rest) == TEXT.split("\n")[:-1]
    assert "tok-" in shown.html
    assert "tok-" not in shown.rest
    later = shown_later(TEXT, "x.py", marked, {})
    assert lines_in(later) == lines_in(shown.rest)
    assert later.count('class="code-line') == shown.later
    assert later.count("is-marked") == shown.rest.count("is-marked") > 0
    assert "tok-s" in later
    again = shown_at_once(TEXT, "x.py", marked, {})
    assert (again.later, len(lines_in(again.html))) == (0, 15_000)


def test_a_file_of_one_long_line_is_no_file_of_two() -> None:
    shown = shown_at_once("x" * (AT_ONCE + 5), "x.py", None, {})
    assert (len(lines_in(shown.html)), shown.later) == (1, 0)
    assert lines_in(shown_at_once(CART, "cart.py", None, {}).html) == CART.split("\n")[:-1]
