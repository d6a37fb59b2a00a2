"""Saved searches and notifications as pages: one's own, and of others nothing at all."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant, Notification, SavedSearch, WebhookTarget
from appliance.sources.saved.looking import look_around
from indexer.models import Source
from tests.appliance.sources.saved.conftest import Change, saved

pytestmark = [pytest.mark.django_db, pytest.mark.services]

WISH = {"name": "Adders", "page": "code", "q": "add_item", "is_alert": "on", "kind": "code"}


@pytest.fixture
def told(owner: User, shop: Source, change: Change) -> Notification:
    saved(owner)
    change({"shop/new.py": "add_item([], 1)\n", "secret/new.py": "add_item([], 2)\n"})
    look_around()
    return Notification.objects.get()


def test_a_search_is_saved_changed_and_deleted(client: Client, owner: User, shop: Source) -> None:
    client.force_login(owner)
    sent = {**WISH, "source": ["shop", "hidden"]}
    assert client.post("/searches/save/", sent).status_code == 302
    search = SavedSearch.objects.get()
    assert search.narrowing == {"source": ["shop"], "lang": [], "kind": ["code"], "folder": ""}
    page = client.get("/searches/").content.decode()
    assert 'href="/search/code/?q=add_item&amp;source=shop&amp;kind=code"' in page
    assert "It learns what is there now" in page
    assert client.get("/search/code/?q=add_item&source=shop&kind=code").status_code == 200
    look_around()
    search.refresh_from_db()
    assert search.known
    changed = {**WISH, "name": "All adders", "q": "append"}
    assert client.post(f"/searches/{search.pk}/", changed).status_code == 302
    search.refresh_from_db()
    assert (search.name, search.query, bytes(search.known)) == ("All adders", "append", b"")
    assert search.narrowing["source"] == ["shop"]  # stays, whatever is posted
    assert client.post(f"/searches/{search.pk}/delete/").status_code == 302
    assert not SavedSearch.objects.exists()
    done = Event.objects.filter(action="alert.changed").order_by("pk")
    assert [event.details["alert"] for event in done] == ["on", "on", "removed"]


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, "Give it a name"),
    ({"q": ""}, "Write what is to be looked for"),
    ({"q": "/(/"}, "not a regular expression"),
    ({"page": "sql"}, "sql is not one of the available choices"),
    ({"name": "a\u202eb"}, "cannot be seen"),
    ({"q": "x" * 2001}, "at most 2000 characters"),
]


def test_what_cannot_be_saved_is_told(client: Client, owner: User, shop: Source) -> None:
    client.force_login(owner)
    for sent, sentence in REFUSED:
        answer = client.post("/searches/save/", {**WISH, **sent})
        assert answer.status_code == 400
        told = answer.content.decode() + str(answer.context["form"].errors)
        assert sentence in told
    assert not SavedSearch.objects.exists()


def test_a_name_is_used_once(client: Client, owner: User, reader: User, shop: Source) -> None:
    for person, status in ((owner, 302), (owner, 400), (reader, 302)):
        client.force_login(person)
        assert client.post("/searches/save/", WISH).status_code == status


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_searches_of_others_are_not_there(
    person: str, client: Client, told: Notification, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    search = told.search
    assert client.get(f"/searches/{search.pk}/").status_code == 404
    assert client.post(f"/searches/{search.pk}/", WISH).status_code == 404
    assert client.post(f"/searches/{search.pk}/delete/").status_code == 404
    assert client.get(f"/searches/{2**70}/").status_code == 404
    for path in ("/searches/", "/notifications/"):
        page = client.get(path).content
        assert b"Adders" not in page
        assert b"new.py" not in page
    client.post("/notifications/read/", {"notification": str(told.pk)})
    client.post("/notifications/read/")
    told.refresh_from_db()
    assert told.read_at is None


def test_a_bell_counts_what_is_not_read(client: Client, owner: User, told: Notification) -> None:
    client.force_login(owner)
    assert '<span class="bell-count">1' in client.get("/search/").content.decode()
    page = client.get("/notifications/").content.decode()
    assert "2 new matches" in page
    assert "/files/shop/main/shop/new.py?lines=1#L1" in page
    for odd in ("x", "9" * 30, "0"):
        assert client.post("/notifications/read/", {"notification": odd}).status_code == 302
    assert "bell-count" in client.get("/search/").content.decode()
    client.post("/notifications/read/", {"notification": str(told.pk)})
    assert "bell-count" not in client.get("/search/").content.decode()


def test_what_may_not_be_read_any_more_is_not_named(
    client: Client, owner: User, told: Notification, shop: Source
) -> None:
    client.force_login(owner)
    set_grant("readers", shop, "secret", allow=False)
    page = client.get("/notifications/").content.decode()
    assert "shop/</span>new.py" in page
    assert "secret" not in page
    assert "1 new match<" in page
    Grant.objects.all().delete()
    page = client.get("/notifications/").content.decode()
    assert "new.py" not in page
    assert "You may not read any more what this was about" in page


def test_a_webhook_is_set_with_a_secret_that_is_shown_once(
    client: Client, owner: User, reader: User, settings: Settings
) -> None:
    client.force_login(owner)
    assert b"Your webhook" not in client.get("/searches/").content
    url = "https://chat.example.com/hooks/abc"
    assert client.post("/searches/webhook/", {"url": url}).status_code == 400
    settings.WEBHOOK_HOSTS = ["chat.example.com"]
    page = client.post("/searches/webhook/", {"url": url}).content.decode()
    assert "whsec_" in page
    assert "whsec_" not in client.get("/searches/").content.decode()
    assert b"whsec" not in bytes(WebhookTarget.objects.get().sealed_secret)
    refused = client.post("/searches/webhook/", {"url": "https://evil.example/x"})
    assert refused.status_code == 400
    assert b"is not among the allowed hosts" in refused.content
    client.force_login(reader)
    client.post("/searches/webhook/remove/")
    assert WebhookTarget.objects.get().url == url
    client.force_login(owner)
    client.post("/searches/webhook/remove/")
    assert not WebhookTarget.objects.exists()
    events = Event.objects.filter(action="alert.changed").order_by("pk")
    assert [event.details["webhook"] for event in events] == ["set", "removed"]


def test_nobody_saves_without_signing_in(client: Client) -> None:
    for path in ("/searches/", "/notifications/", "/searches/1/"):
        assert client.get(path).status_code == 302
    assert client.post("/searches/save/", WISH).status_code == 302
    assert not SavedSearch.objects.exists()
