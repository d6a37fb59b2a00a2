"""Folders and the tree: what a reader may see of them, and nothing of the rest."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.browsing.tree import MOST, folders_above, tree_to
from appliance.sources.browsing.unlisted import unlisted_in
from appliance.sources.granting import set_grant
from indexer.models import Document, Ref, SkippedFile
from indexer.retrieval.folders import entries_of
from indexer.scope import PathRule, Scope
from tests.appliance.sources.browsing.conftest import Shop

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def names(ref: Ref, folder: str, scope: Scope) -> list[tuple[str, int]]:
    entries = entries_of(ref, [folder], scope)[folder]
    return [(entry.path, entry.files) for entry in entries]


def test_a_folder_is_listed_with_what_the_scope_shows(shop: Shop) -> None:
    ref = shop.source.refs.get(name="main")
    whole = Scope(frozenset({shop.source.pk}))
    assert names(ref, "", whole) == [
        ("shop/", 3),
        ("vault/", 1),
        ("odd [é] %2e?.py", 1),
        ("README.md", 1),
    ]
    assert names(ref, "shop/", whole) == [
        ("shop/deep/", 1),
        ("shop/cart.py", 1),
        ("shop/tax.py", 1),
    ]
    rules = (PathRule(shop.source.pk, "shop/", True), PathRule(shop.source.pk, "shop/t*", False))
    assert names(ref, "", Scope(rules=rules)) == [("shop/", 2)]
    assert names(ref, "shop/", Scope(rules=rules)) == [("shop/deep/", 1), ("shop/cart.py", 1)]
    assert names(ref, "vault/", Scope(rules=rules)) == []
    assert names(ref, "shop/%", whole) == names(ref, "sh_p/", whole) == []


def test_a_wide_folder_is_cut_but_never_what_one_looks_at(shop: Shop) -> None:
    ref = shop.source.refs.get(name="main")
    blob = Document.objects.filter(source=shop.source)[0].blob
    Document.objects.bulk_create(
        Document(
            source=shop.source, path=f"wide/f{n:05}.py", blob=blob, refs=[ref.pk], role="source"
        )
        for n in range(MOST + 40)
    )
    last = f"wide/f{MOST + 39:05}.py"
    branch = tree_to(ref, last, Scope(frozenset({shop.source.pk})))
    wide = next(node.branch for node in branch.nodes if node.entry.name == "wide")
    assert wide is not None
    assert (len(wide.nodes), wide.more) == (MOST + 1, 39)
    assert [node.entry.path for node in wide.nodes if node.is_current] == [last]


def test_the_folders_on_the_way_to_a_path() -> None:
    assert folders_above("a/b/c.py") == ["", "a/", "a/b/"]
    assert folders_above("a/b/") == ["", "a/", "a/b/"]
    assert folders_above("c.py") == folders_above("") == [""]
    assert len(folders_above("a/" * 5000 + "x")) < 40


@pytest.mark.parametrize("person", ["owner", "reader"])
def test_readers_see_a_folder_and_its_readme(
    person: str, client: Client, shop: Shop, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    page = client.get(shop.at("files", ""))
    text = page.content.decode()
    assert page.status_code == 200
    assert f'href="{shop.at("files", "shop/")}"' in text
    assert f'<a href="{shop.at("files", "shop/cart.py")}">the cart</a>' in text
    assert "elsewhere (https://evil.example/x)" in text
    assert 'href="https' not in text
    assert "javascript:alert" not in text.replace("(javascript:alert(1))", "")
    assert "[picture: logo]" in text
    assert "<img src=x" not in text
    for name in ("logo.png", "link.py"):
        assert name in text
    assert "A symbolic link" in text
    assert "odd%20%5B%C3%A9%5D%20%252e%3F.py" in text
    below = client.get(shop.at("files", "shop/")).content.decode()
    assert f'href="{shop.at("files", "shop/tax.py")}"' in below
    assert "logo.png" not in below
    read = Event.objects.filter(action="file.read", object_name="shop:README.md")
    assert read.count() == 1


def test_the_tree_opens_along_the_path(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    tree = client.get(shop.at("tree", "shop/deep/er/still.py")).content.decode()
    assert tree.count("<details open>") == 3
    assert f'href="{shop.at("files", "shop/deep/er/still.py")}" aria-current="page"' in tree
    assert f'hx-get="{shop.at("tree", "vault/")}?below=1"' in tree
    below = client.get(shop.at("tree", "vault/"), {"below": "1"}).content.decode()
    assert "keys.py" in below
    assert "cart.py" not in below


def test_a_folder_that_may_not_be_read_is_not_there(
    client: Client, shop: Shop, reader: User
) -> None:
    set_grant("readers", shop.source, "vault/", allow=False)
    client.force_login(reader)
    seen = client.get(shop.at("files", "")).content.decode()
    tree = client.get(shop.at("tree", "README.md")).content.decode()
    assert "vault" not in seen
    assert "vault" not in tree
    for hidden, absent in (("vault/", "nothing/"), ("vault", "nothing"), ("vault/keys.py", "x")):
        for view, status in (("files", 404), ("tree", 200)):
            refused = client.get(shop.at(view, hidden))
            missing = client.get(shop.at(view, absent))
            assert refused.status_code == missing.status_code == status
            assert refused.content == missing.content, (view, hidden)
    assert client.get(shop.at("files", "vault/", "release/1")).status_code == 404
    below = client.get(shop.at("tree", "vault/"), {"below": "1"})
    assert below.content == client.get(shop.at("tree", "nothing/"), {"below": "1"}).content


def test_skipped_files_are_told_of_to_who_may_read_their_paths(
    client: Client, shop: Shop, reader: User
) -> None:
    client.force_login(reader)
    shown = client.get(shop.at("files", "link.py"))
    assert shown.status_code == 404
    assert "A symbolic link" in shown.content.decode()
    assert b"root:" not in shown.content
    set_grant("readers", shop.source, "l*", allow=False)
    assert b"logo.png" not in client.get(shop.at("files", "")).content
    missing = client.get(shop.at("files", "nothing.py")).content
    assert client.get(shop.at("files", "link.py")).content == missing


def test_a_folder_keeps_its_place_in_other_refs(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    old = shop.source.refs.get(name="release/1").commit
    page = client.get(shop.at("files", "shop/")).content.decode()
    assert f'href="/files/shop/{old}/shop/">release/1</a>' in page
    named = client.get("/files/shop/release/1/shop/").content.decode()
    assert "basket.py" in named
    assert "cart.py" not in named
    root = client.get("/files/shop/release/1/")
    assert root.status_code == 200
    assert client.get("/files/shop/release/").status_code == 404
    set_grant("readers", shop.source, "", allow=False)
    set_grant("readers", shop.source, "shop/cart.py")
    page = client.get(shop.at("files", "shop/")).content.decode()
    assert "release/1: not in this branch" in page


def test_addresses_lead_to_folders(client: Client, shop: Shop, reader: User) -> None:
    client.force_login(reader)
    to_root = client.get("/files/shop/")
    assert (to_root.status_code, to_root["Location"]) == (302, f"/files/shop/{shop.commit}/")
    to_folder = client.get(shop.at("files", "shop", "main"))
    assert (to_folder.status_code, to_folder["Location"]) == (302, "/files/shop/main/shop/")
    for path in (
        "../",
        "shop/../",
        "shop//",
        "%00/",
        "shop/cart.py/",
        "a/" * 3000,
        "%2e%2e/%2e%2e/",
    ):
        assert client.get(shop.at("files", path)).status_code == 404, path
        assert client.get(shop.at("tree", path), {"below": "1"}).status_code == 404, path


def test_outsiders_find_no_folder(client: Client, shop: Shop, outsider: User, staff: User) -> None:
    for person in (outsider, staff):
        client.force_login(person)
        for address in ("/files/{}/", "/files/{}/main/", "/files/{}/main/shop/", "/tree/{}/main/"):
            refused = client.get(address.format("shop"))
            missing = client.get(address.format("nothing"))
            assert (refused.status_code, refused.content) == (404, missing.content), address


def test_a_folder_with_a_long_name_is_a_folder(shop: Shop, client: Client, reader: User) -> None:
    """PostgreSQL's patterns count to 255 only, and a repository may hold what it likes."""
    ref = shop.source.refs.get(name="main")
    blob = Document.objects.filter(source=shop.source)[0].blob
    folder = "/".join(["f" * 200] * 2)
    Document.objects.create(
        source=shop.source, path=f"{folder}/a.py", blob=blob, refs=[ref.pk], role="source"
    )
    for name in ("b.bin", "deeper/c.bin"):
        SkippedFile.objects.create(ref=ref, path=f"{folder}/{name}", reason="binary")
    client.force_login(reader)
    page = client.get(shop.at("files", f"{folder}/"))
    assert page.status_code == 200
    assert "b.bin" in page.content.decode()
    assert "c.bin" not in page.content.decode()


def test_what_one_may_not_see_crowds_nothing_out(shop: Shop) -> None:
    ref = shop.source.refs.get(name="main")
    SkippedFile.objects.bulk_create(
        SkippedFile(ref=ref, path=f"a{n:04}.bin", reason="binary") for n in range(400)
    )
    SkippedFile.objects.create(ref=ref, path="z.bin", reason="binary")
    rules = (PathRule(shop.source.pk, "z*", True),)
    assert [one.path for one in unlisted_in(ref, "", Scope(rules=rules))] == ["z.bin"]
