"""The documentation as pages: every file is one, no link breaks, nothing but the files is served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import escape

from appliance.accounts.models import User
from appliance.web.help.contents import Page, folder, names, page, pages
from appliance.web.help.finding import find
from appliance.web.help.rendering import anchor_of, render

# For whoever changes the product, not for whoever uses it.
NO_PAGES = {"experiments", "programme", "tests"}

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_every_file_of_the_documentation_is_a_page() -> None:
    files = {
        str(path.relative_to(folder()).with_suffix(""))
        for path in folder().rglob("*.md")
        if "decisions" not in path.parts
    }
    assert files - set(names()) == NO_PAGES
    assert set(names()) - files == set()


def test_pages_open_for_who_is_signed_in(client: Client, reader: User) -> None:
    assert client.get("/help/").status_code == 302
    client.force_login(reader)
    for one in pages():
        html = client.get(f"/help/{one.name}/").content.decode()
        assert f"<h1>{escape(one.title)}</h1>" in html
        assert f'href="/help/{one.name}/" aria-current="page"' in html


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_links_lead_to_headings_that_are_there(one: Page) -> None:
    """Also by their anchors, and no link leaves the appliance."""
    html = render(one).html
    for address in re.findall(r'<a[^>]* href="([^"]+)"', html):
        path, _, anchor = address.partition("#")
        if path.startswith("/help/pictures/"):
            continue
        assert path == "" or path.startswith("/help/"), address
        target = page(path.removeprefix("/help/").rstrip("/")) if path else one
        assert target is not None, address
        anchors = {heading.anchor for heading in render(target).headings}
        assert not anchor or anchor in anchors, address


def test_pictures_are_there_in_both_themes(client: Client, reader: User) -> None:
    client.force_login(reader)
    shown = {
        name
        for one in pages()
        for name in re.findall(r'src="/help/pictures/([^"]+)"', render(one).html)
    }
    named = {name for one in pages() for name in re.findall(r"images/([\w-]+\.png)", one.text)}
    both = {name for one in named for name in (one, one.replace(".png", "-dark.png"))}
    assert named <= shown
    assert shown == {name for name in both if (folder() / "images" / name).is_file()}
    assert "ask-dark.png" in shown
    for name in shown:
        answer = client.get(f"/help/pictures/{name}")
        assert answer["Content-Type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "path",
    [
        "nothing/", "../README/", "decisions/0001-content-belongs-to-blobs/", "experiments/",
        "pictures/../settings.md", "pictures/..%2f..%2fmanage.py", "pictures/none.png",
        "pictures/%00.png", "guide/", "a" * 5000 + "/",
    ],
)  # fmt: skip
def test_nothing_but_pages_is_served(path: str, client: Client, reader: User) -> None:
    client.force_login(reader)
    assert client.get(f"/help/{path}", follow=True).status_code == 404


def test_words_are_found_where_they_stand(client: Client, reader: User) -> None:
    hits = find("certificate complete")
    assert (hits[0].page.name, hits[0].anchor) == ("guide/searching", "every-line-exactly")
    assert find("") == find("   ") == []
    assert find("certificate zzzz") == []
    client.force_login(reader)
    html = client.get("/help/", {"q": 'PLUMBLINE_POLL_S <b>"'}).content.decode()
    assert "Nothing found" in html
    assert "<b>" not in html
    assert (
        "/help/settings/#plumbline_poll_s"
        in client.get("/help/?q=PLUMBLINE_POLL_S").content.decode()
    )


@pytest.mark.parametrize(
    ("title", "anchor"),
    [
        ("Every line, exactly", "every-line-exactly"),
        ("`make`: it", "make-it"),
        ("A/B `x_y`", "ab-x_y"),
    ],
)
def test_anchors_are_those_of_git_hosts(title: str, anchor: str) -> None:
    assert anchor_of(title.replace("`", "")) == anchor


def test_the_files_are_still_read_on_hosts_without_a_checkout() -> None:
    assert Path(folder()).is_absolute()
