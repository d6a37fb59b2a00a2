"""Named sets of sources: kept, picked on every road, and never a way to read more."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.conversations.models import Message
from appliance.sources.access import scope_of
from appliance.sources.models import SourceSet
from appliance.sources.sets.keeping import SetNotKept, Wish, keep
from appliance.sources.sets.picking import picked
from indexer.models import Source
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

CART = "def add_item(cart):\n    return cart\n"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory(
        "shop", {"src/cart.py": CART, "docs/cart.md": "# add_item\n\nThe cart.\n"}
    )


@pytest.fixture
def depot(source_factory: SourceFactory) -> Source:
    return source_factory("depot", {"stock.py": CART})


@pytest.fixture
def pay(source_factory: SourceFactory) -> Source:
    """Read by nobody."""
    return source_factory("pay", {"pay.py": CART}, grant=None)


def person(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def program(user: User) -> dict[str, str]:
    rights = (TokenRight.READ, TokenRight.ASK)
    text = create_token(user, name="script", rights=rights, by=user).text
    return {"Authorization": f"Bearer {text}"}


def made(user: User, name: str, *parts: Source | tuple[Source, str], **more: Any) -> SourceSet:
    whole = [one for one in parts if isinstance(one, Source)]
    folders = [one for one in parts if not isinstance(one, Source)]
    return keep(None, Wish(name, whole, folders, **more), by=user)


def found(client: Client, page: str, **query: str) -> set[str]:
    """Return which of the sources a page of results names."""
    content = client.get(page, query, headers={"HX-Request": "true"}).content.decode()
    return {path for path in ("src/cart.py", "docs/cart.md", "stock.py", "pay.py")
            if f"/{path}?" in content or f"/{path}#" in content}  # fmt: skip


class TestPicking:
    @pytest.mark.parametrize("page", ["/search/", "/search/code/"])
    def test_a_search_stays_in_its_set(
        self, page: str, shop: Source, depot: Source, reader: User
    ) -> None:
        made(reader, "code of shop", (shop, "src"))
        made(reader, "depot", depot)
        client = person(reader)
        assert found(client, page, q="add_item") == {"src/cart.py", "docs/cart.md", "stock.py"}
        assert found(client, page, q="add_item", set="code of shop") == {"src/cart.py"}
        assert found(client, page, q="add_item", set="depot") == {"stock.py"}
        assert found(client, page, q="add_item", set="depot", source="shop") != {"src/cart.py"}

    @pytest.mark.parametrize("page", ["/search/", "/search/code/"])
    def test_a_set_that_is_not_there_finds_nothing(
        self, page: str, shop: Source, reader: User, outsider: User
    ) -> None:
        made(reader, "mine", shop)
        for user, name in ((reader, "nowhere"), (outsider, "mine"), (reader, "a\0b")):
            shown = person(user).get(page, {"q": "add_item", "set": name})
            assert shown.status_code == 200
            assert found(person(user), page, q="add_item", set=name) == set()

    def test_an_export_stays_in_its_set(self, shop: Source, depot: Source, reader: User) -> None:
        made(reader, "depot", depot)
        for page in ("/search/export.csv", "/search/code/export.csv"):
            rows = person(reader).get(page, {"q": "add_item", "set": "depot"}).content.decode()
            assert "stock.py" in rows, page
            assert "cart" not in rows.replace("add_item(cart)", "").replace("return cart", ""), page

    def test_a_question_is_narrowed_to_its_set(
        self, shop: Source, depot: Source, reader: User
    ) -> None:
        made(reader, "work", depot, (shop, "src"))
        asked = person(reader).post("/", {"question": "How?", "set": "work"})
        assert asked.status_code == 302
        question = Message.objects.get(role=Message.Role.QUESTION)
        assert set(question.source_names) == {"depot", "shop"}
        assert question.folders == ["shop:src"]

    def test_a_set_of_which_nothing_may_be_read_is_no_way_to_everything(
        self, shop: Source, pay: Source, reader: User, staff: User
    ) -> None:
        readers = Group.objects.get(name="readers")
        made(staff, "money", pay, group=readers)
        made(staff, "nowhere", (shop, "not-there"), group=readers)
        for name in ("money", "nowhere", "unknown"):
            refused = person(reader).post("/", {"question": "How?", "set": name})
            assert refused.status_code == 400, name
        assert not Message.objects.exists()
        assert found(person(reader), "/search/", q="add_item", set="money") == set()

    def test_the_ref_of_a_set_holds_unless_another_is_asked_for(
        self, shop: Source, reader: User
    ) -> None:
        made(reader, "old", shop, ref="v0")
        shown = person(reader).get("/search/", {"q": "add_item", "set": "old"}).content
        assert b"There is no branch or tag v0 in shop" in shown
        assert found(person(reader), "/search/", q="add_item", set="old", ref="main") != set()
        assert found(person(reader), "/search/code/", q="add_item", set="old") == set()
        assert found(person(reader), "/search/code/", q="add_item ref:main", set="old") != set()

    def test_a_persons_own_set_goes_before_one_of_a_group(
        self, shop: Source, depot: Source, reader: User, staff: User
    ) -> None:
        made(staff, "work", shop, group=Group.objects.get(name="readers"))
        assert picked(reader, scope_of(reader), "work").sources == ("shop",)
        made(reader, "work", depot)
        assert picked(reader, scope_of(reader), "work").sources == ("depot",)


class TestPrograms:
    def test_the_api_takes_a_set(self, shop: Source, depot: Source, reader: User) -> None:
        made(reader, "depot", depot)
        client, headers = Client(), program(reader)
        hits = client.get("/api/v1/search?q=add_item&set=depot", headers=headers).json()["hits"]
        assert {hit["source"] for hit in hits} == {"depot"}
        files = client.get("/api/v1/code?q=add_item&set=depot", headers=headers).json()["files"]
        assert {file["source"] for file in files} == {"depot"}
        names = client.get("/api/v1/symbols?name=add_item&set=depot", headers=headers).json()
        assert {one["source"] for one in names["definitions"]} == {"depot"}
        asked = client.post(
            "/api/v1/threads",
            {"question": "How?", "set": "depot"},
            content_type="application/json",
            headers=headers,
        )
        assert asked.status_code == 201, asked.content
        assert Message.objects.get(role=Message.Role.QUESTION).source_names == ["depot"]

    def test_a_program_of_somebody_else_knows_no_such_set(
        self, shop: Source, reader: User, outsider: User
    ) -> None:
        made(reader, "mine", shop)
        client = Client()
        for user, name in ((outsider, "mine"), (reader, "other")):
            address = f"/api/v1/search?q=add_item&set={name}"
            refused = client.get(address, headers=program(user))
            assert (refused.status_code, refused.json()["code"]) == (404, "no_set")
            assert refused.json()["detail"] == f"There is no set {name}."

    def test_a_narrowed_token_reads_no_more_by_a_set(
        self, shop: Source, depot: Source, reader: User
    ) -> None:
        made(reader, "both", shop, depot)
        token = create_token(
            reader, name="x", rights=[TokenRight.READ], sources=[depot], by=reader
        ).text
        address = "/api/v1/search?q=add_item&set=both"
        hits = Client().get(address, headers={"Authorization": f"Bearer {token}"}).json()["hits"]
        assert {hit["source"] for hit in hits} == {"depot"}


class TestKeeping:
    def test_a_person_makes_changes_and_deletes_a_set(
        self, shop: Source, depot: Source, reader: User
    ) -> None:
        client = person(reader)
        given = {"name": "work", "sources": ["depot"], "folders": "shop:src/\n", "ref": ""}
        assert client.post("/sets/new/", given).status_code == 302
        kept = SourceSet.objects.get()
        assert (kept.owner, sorted(map(str, kept.parts.all()))) == (reader, ["depot", "shop:src"])
        assert b"shop:src" in client.get("/sets/").content
        assert b'<option value="work">' in client.get("/search/").content
        assert client.post(f"/sets/{kept.pk}/", given | {"name": "jobs"}).status_code == 302
        assert SourceSet.objects.get().name == "jobs"
        assert client.post(f"/sets/{kept.pk}/delete/").status_code == 302
        assert not SourceSet.objects.exists()
        assert not Event.objects.filter(action=Action.SET_CHANGED).exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""}, {"name": "a\nb"}, {"name": "x" * 61}, {"sources": ["pay"]},
            {"sources": []}, {"folders": "pay:src"}, {"folders": "shop"}, {"folders": "shop:\0"},
            {"folders": "\n".join(f"shop:{n}" for n in range(21))}, {"ref": "x" * 251},
            {"name": "taken"},
        ],
    )  # fmt: skip
    def test_what_cannot_be_kept_is_told(
        self, wrong: dict[str, Any], shop: Source, pay: Source, reader: User
    ) -> None:
        made(reader, "taken", shop)
        given = {"name": "work", "sources": ["shop"], "folders": "", "ref": "", **wrong}
        assert person(reader).post("/sets/new/", given).status_code == 400
        assert SourceSet.objects.count() == 1

    def test_a_set_is_nobody_elses(self, shop: Source, reader: User, owner: User) -> None:
        kept = made(owner, "theirs", shop)
        client = person(reader)
        assert b"theirs" not in client.get("/sets/").content
        gone = client.get("/sets/999999/").content
        for address in (f"/sets/{kept.pk}/", "/sets/99999999999999999999/"):
            shown = client.get(address)
            assert (shown.status_code, shown.content) == (404, gone)
        assert client.post(f"/sets/{kept.pk}/delete/").status_code == 404
        assert client.post(f"/sets/{kept.pk}/", {"name": "mine"}).status_code == 404
        assert SourceSet.objects.get().name == "theirs"

    def test_an_admin_keeps_sets_of_groups_and_the_record_says_so(
        self, shop: Source, pay: Source, reader: User, outsider: User, staff: User
    ) -> None:
        group = Group.objects.get(name="readers")
        given = {"name": "all", "group": group.pk, "sources": ["shop", "pay"], "folders": ""}
        assert person(staff).post("/sets/new/", given).status_code == 302
        event = Event.objects.get(action=Action.SET_CHANGED)
        assert event.details["parts"] == ["pay", "shop"]
        shown = person(reader).get("/sets/").content
        assert b"Group readers" in shown
        assert b"pay" not in shown  # what they may not read is not named
        assert f"/sets/{SourceSet.objects.get().pk}/".encode() not in shown  # no way to change it
        assert b"Group readers" not in person(outsider).get("/sets/").content
        kept = SourceSet.objects.get()
        assert person(reader).get(f"/sets/{kept.pk}/").status_code == 404

    def test_members_are_not_told_of_folders_that_may_be_hidden(
        self, shop: Source, reader: User, staff: User
    ) -> None:
        made(staff, "quiet", (shop, "docs/merger"), group=Group.objects.get(name="readers"))
        assert b"merger" not in person(reader).get("/sets/").content
        assert b"merger" in person(staff).get("/sets/").content

    def test_only_admins_choose_a_group(self, shop: Source, reader: User) -> None:
        group = Group.objects.get(name="readers")
        given = {"name": "x", "group": group.pk, "sources": ["shop"], "folders": ""}
        person(reader).post("/sets/new/", given)
        assert SourceSet.objects.get().owner == reader

    def test_there_is_an_end_to_them(self, shop: Source, reader: User) -> None:
        for number in range(50):
            made(reader, f"set {number}", shop)
        with pytest.raises(SetNotKept, match="50 sets already"):
            made(reader, "one more", shop)

    def test_a_saved_search_keeps_its_set(self, shop: Source, depot: Source, reader: User) -> None:
        made(reader, "depot", depot)
        client = person(reader)
        kept = {"name": "items", "page": "code", "q": "add_item", "set": "depot"}
        assert client.post("/searches/save/", kept).status_code == 302
        assert b"set=depot" in client.get("/searches/").content
