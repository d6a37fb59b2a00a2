"""What a search is narrowed to, the counts beside it, and the files one takes away."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.http import QueryDict
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event, Exposure
from appliance.sources.granting import set_grant
from appliance.sources.narrowing.facets import chips_of, facets_of
from appliance.sources.narrowing.narrowing import FoundFile, Narrowing, narrowed
from indexer.codesearch.query import read_query
from indexer.models import Source
from tests.conftest import SourceFactory

FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": "def add_item(cart, item):\n    cart.append(item)\n",
    "shop/deep/order.go": "package deep\n\nfunc AddItem(item string) {}\n",
    "tests/test_cart.py": "def test_add_item():\n    add_item([], 1)\n",
    "docs/cart.md": "# Carts\n\nadd_item puts an item into a cart.\n",
    "secret/item.py": "add_item = '=cmd()'\n",
    "sheet.txt": "=add_item()\n",
}
FOUND = [
    FoundFile("shop", "shop/cart.py", "python", "code"),
    FoundFile("shop", "shop/deep/order.go", "go", "code"),
    FoundFile("pay", "tests/test_pay.py", "python", "test"),
]


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    source = source_factory("shop", FILES)
    set_grant("readers", source, "secret", allow=False)
    return source


def counts(by: Narrowing) -> dict[str, dict[str, int | None]]:
    return {
        facet.group: {one.value: one.count for one in facet.values}
        for facet in facets_of(FOUND, by)
    }


def test_a_group_counts_what_the_others_leave() -> None:
    assert counts(Narrowing(languages=("python",))) == {
        "source": {"pay": 1, "shop": 1},
        "lang": {"python": 2, "go": 1},
        "kind": {"code": 1, "test": 1},
        "folder": {"shop": 1, "tests": 1},
    }
    below = counts(Narrowing(folder="shop"))
    assert below["folder"] == {"shop/deep": 1}
    assert "kind" not in below  # one value leaves nothing out


def test_a_click_adds_a_value_and_the_next_takes_it_away() -> None:
    by = Narrowing(sources=("pay",))
    more = by.toggled("source", "shop")
    assert more.sources == ("pay", "shop")
    assert more.toggled("source", "shop") == by
    assert by.toggled("folder", "a").toggled("folder", "a") == by
    assert [chip.after for chip in chips_of(more)] == [
        Narrowing(sources=("shop",)), by,
    ]  # fmt: skip


def test_it_is_read_back_from_its_address() -> None:
    query = QueryDict(
        "source=shop&source=hidden&lang=python&lang=%00&kind=test&kind=spell&folder=/a/b/"
        + "&lang=x" * 50
    )
    by = Narrowing.read(query, ["shop"])
    assert by == Narrowing(("shop",), ("python", "x"), ("test",), "a/b")
    assert Narrowing.from_json(by.to_json()) == by


def test_code_search_says_it_in_its_own_language() -> None:
    by = Narrowing(("a.b", "c|d"), ("python",), ("test",), "x(y")
    query = narrowed(read_query("item"), by)
    told = str(query)
    assert "kind:test" in told
    assert read_query(told) == query  # so that the certificate replays it
    assert r"^(?:a\.b|c\|d)$" in told.replace("\\\\", "\\")


LEFT: list[tuple[dict[str, str | list[str]], set[str]]] = [
    ({}, {"shop/cart.py", "tests/test_cart.py", "docs/cart.md", "sheet.txt"}),
    ({"kind": "test"}, {"tests/test_cart.py"}),
    ({"lang": "python", "kind": ["code", "docs"]}, {"shop/cart.py"}),
    ({"folder": "docs"}, {"docs/cart.md"}),
    ({"folder": "secret"}, set()),
    ({"folder": "sho"}, set()),
]


@pytest.mark.parametrize("page", ["/search/", "/search/code/"])
def test_both_pages_show_what_is_left(
    page: str, client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    for narrow, paths in LEFT:
        context = client.get(page, {"q": "add_item", **narrow}).context
        if page == "/search/":
            found = {document.path for document in context["documents"]}
            found -= {"shop/deep/order.go"}  # by meaning AddItem is found too
        else:
            found = {one.file.path for files in context["sources"].values() for one in files}
        assert found == paths, narrow
        assert context["ask_sources"] == (["shop"] if paths else [])
        folders = [link for one in context["facets"] for link in one.links if one.group == "folder"]
        assert not any("secret" in link.value.value for link in folders)


@pytest.mark.parametrize("page", ["/search/", "/search/code/"])
def test_counts_are_of_what_one_may_read(
    page: str, client: Client, source: Source, reader: User, outsider: User
) -> None:
    client.force_login(reader)
    facets = client.get(page, {"q": "add_item"}).context["facets"]
    kinds = next(one for one in facets if one.group == "kind")
    counted = {link.value.value: link.value.count for link in kinds.links}
    assert counted["test"] == 1
    assert sum(count or 0 for count in counted.values()) == (5 if page == "/search/" else 4)
    client.force_login(outsider)
    page_of_outsider = client.get(page, {"q": "add_item", "source": "shop"})
    assert "facets" not in page_of_outsider.context
    assert page_of_outsider.context["chips"] == ()
    assert b"cart.py" not in page_of_outsider.content


@pytest.mark.parametrize("page", ["/search/", "/search/code/"])
def test_who_types_gets_the_results_alone(
    page: str, client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    part = client.get(page, {"q": "add_item"}, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="found"')
    assert "<html" not in part
    assert f'data-url="{page}?q=add_item"' in part
    refused = client.get("/search/code/", {"q": "path:( x"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert b'id="found"' in refused.content


HOSTILE = ("\0", "'\"><script>", "../..", "a" * 600, "%s", "(", "\u202e", "\n")


@pytest.mark.parametrize("page", ["/search/", "/search/code/"])
def test_odd_values_narrow_harmlessly(
    page: str, client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    for value in HOSTILE:
        given = dict.fromkeys(("source", "lang", "kind"), value)
        for narrow in (given, {"folder": value}):
            answer = client.get(page, {"q": "add_item", **narrow})
            assert answer.status_code == 200, value
            assert b"<script>" not in answer.content, value


def test_code_search_goes_on_another_page(
    client: Client, source_factory: SourceFactory, reader: User
) -> None:
    source_factory("many", {f"f{number:02}.py": "same = 1\n" for number in range(35)})
    client.force_login(reader)
    first = client.get("/search/code/", {"q": "same", "lang": "python"})
    assert first.context["file_count"] == 35
    assert first.context["next_url"] == "/search/code/?q=same&lang=python&page=2"
    second = client.get(first.context["next_url"])
    assert [one.file.path for one in second.context["sources"]["many"]] == [
        f"f{number:02}.py" for number in range(30, 35)
    ]
    assert second.context["next_url"] == ""
    shown = Exposure.objects.filter(event__action="code_search.done").values_list("path", flat=True)
    assert len(shown) == len(set(shown)) == 35  # each page records what it shows


def test_an_export_is_what_the_page_found_and_is_recorded(
    client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    answer = client.get("/search/code/export.csv", {"q": "add_item", "kind": "code"})
    assert answer["Content-Disposition"].startswith('attachment; filename="code-search-')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(row["path"], row["start_line"]) for row in rows] == [("shop/cart.py", "1")]
    event = Event.objects.get(action="search.exported")
    assert (event.actor, event.details["format"]) == ("reader", "csv")
    assert event.details["rows"] == len(rows)
    assert "grant" in Exposure.objects.filter(event=event)[0].ground
    lines = client.get("/search/export.jsonl", {"q": "add item"}).content.decode().splitlines()
    assert {json.loads(line)["path"] for line in lines} >= {"shop/cart.py", "docs/cart.md"}
    assert not any("secret" in line for line in lines)


def test_a_spreadsheet_takes_no_line_for_a_formula(
    client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    text = client.get("/search/code/export.csv", {"q": "=add_item"}).content.decode()
    assert "'=add_item()" in text
    line = client.get("/search/code/export.jsonl", {"q": "=add_item"}).content.decode()
    assert json.loads(line)["text"] == "=add_item()"


def test_an_outsider_exports_nothing(client: Client, source: Source, outsider: User) -> None:
    client.force_login(outsider)
    for path in ("/search/export.jsonl", "/search/code/export.jsonl"):
        assert client.get(path, {"q": "add_item", "source": "shop"}).content == b""
    assert client.get("/search/export.exe", {"q": "x"}).status_code == 404
    assert client.get("/search/export.csv").status_code == 404
    assert client.get("/search/code/export.csv", {"q": "/(/"}).status_code == 400
    client.logout()
    assert client.get("/search/export.csv", {"q": "add_item"}).status_code == 302


def test_kind_is_a_filter_of_code_search(client: Client, source: Source, reader: User) -> None:
    client.force_login(reader)
    page = client.get("/search/code/", {"q": "add_item -kind:test -kind:docs lang:python"})
    assert [one.file.path for one in page.context["sources"]["shop"]] == ["shop/cart.py"]
    refused = client.get("/search/code/", {"q": "x kind:spell"})
    assert refused.status_code == 400
    assert b"kind: takes code, test" in refused.content
