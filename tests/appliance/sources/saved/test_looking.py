"""Alerts after syncs: what is new is told once, to who may read it at that moment."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from appliance.accounts.glass import open_glass
from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.granting import set_grant
from appliance.sources.managing import remove
from appliance.sources.models import Delivery, Grant, Notification, SavedSearch
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.saved import keeping, looking, matches
from appliance.sources.saved.looking import look_around
from appliance.sources.sets.keeping import Wish as SetWish
from appliance.sources.sets.keeping import keep
from appliance.sources.tasks import (
    deliver_notifications,
    forget_removed_places,
    look_at_searches,
)
from indexer.ingestion.inline import sync_now
from indexer.models import Source
from tests.appliance.sources.saved.conftest import Change, saved
from tests.conftest import SourceFactory
from tests.gitrepos import Repository

pytestmark = [pytest.mark.django_db, pytest.mark.services]

ABOVE = "import os\n\n\ndef add_item(cart, item):\n    cart.append(item)\n"


def told() -> list[tuple[str, int, list[str]]]:
    return [
        (one.owner.username, one.count, [place[2] for place in one.places])
        for one in Notification.objects.order_by("pk")
    ]


def test_new_lines_are_told_once_and_moved_ones_are_not(
    owner: User, shop: Source, change: Change
) -> None:
    saved(owner)
    assert told() == []  # what was there is no news
    change({"shop/cart.py": ABOVE})
    assert look_around() == 1
    assert told() == []
    change({"shop/more.py": "add_item([], 1)\nadd_item([], 2)\n", "README.md": "# Shop\n"})
    assert look_around() == 1
    assert look_around() == 0  # nothing was synced since
    assert told() == [("owner", 2, ["shop/more.py"])]
    change({"shop/more.py": None})
    change({"shop/more.py": "add_item([], 1)\n"})  # within one look: never gone
    look_around()
    assert len(told()) == 1
    change({"shop/more.py": None})
    look_around()
    change({"shop/more.py": "add_item([], 1)\n"})
    look_around()
    assert told()[1:] == [("owner", 1, ["shop/more.py"])]
    event = Event.objects.filter(action="alert.sent").first()
    assert event is not None
    assert event.actor == "appliance"
    assert "add_item" not in str(event.details)


def test_a_search_by_meaning_tells_of_new_documents(
    owner: User, shop: Source, change: Change
) -> None:
    saved(owner, "add item to cart", page="search")
    change({"shop/basket.py": "def add_item_to_cart(cart, item):\n    cart.append(item)\n"})
    look_around()
    assert told() == [("owner", 1, ["shop/basket.py"])]
    change({"shop/basket.py": "def add_item_to_cart(cart):\n    cart.append(None)\n"})
    look_around()
    assert len(told()) == 1


@pytest.mark.parametrize(("page", "query"), [("code", "add_item"), ("search", "add item to cart")])
def test_an_alert_looks_at_the_ref_of_its_set(
    owner: User, source_factory: SourceFactory, repository: Repository, page: str, query: str
) -> None:
    repository.git("branch", "old")
    shop = source_factory("shop", repository=repository, refs=("main", "old"))
    kept = keep(None, SetWish("released", [shop], [], ref="old"), by=owner)
    saved(owner, query, page=page, by=Narrowing(set_name="released"))
    more = {"shop/more.py": "def add_item_too(cart, item):\n    cart.append(item)\n"}
    repository.commit(more)
    sync_now(shop)
    look_around()
    assert told() == []
    kept.ref = "main"
    kept.save()
    assert look_around() == 1  # nothing was synced, but it looks elsewhere
    assert told() == [("owner", 1, ["shop/more.py"])]


def test_only_what_the_owner_may_read_then_is_told(
    owner: User, outsider: User, shop: Source, change: Change
) -> None:
    set_grant("readers", shop, "secret", allow=False)
    saved(owner)
    saved(outsider)
    change({"secret/new.py": "add_item([], 1)\n"})
    look_around()
    assert told() == []
    assert SavedSearch.objects.get(owner=outsider).state == "lost"
    change({"secret/new.py": "add_item([], 2)\n", "shop/new.py": "add_item([], 3)\n"})
    look_around()
    assert told() == [("owner", 1, ["shop/new.py"])]


def test_who_loses_access_is_told_nothing_and_the_search_says_so(
    owner: User, shop: Source, change: Change, source_factory: SourceFactory
) -> None:
    source_factory("other", {"a.py": "x = 1\n"})
    search = saved(owner, by=Narrowing(sources=("shop",)))
    Grant.objects.filter(source=shop).delete()
    change({"shop/new.py": "add_item([], 3)\n"})
    look_around()
    search.refresh_from_db()
    assert (search.state, told()) == ("lost", [])
    set_grant("readers", shop)
    look_around()
    search.refresh_from_db()
    assert search.state == "good"
    assert told() == [("owner", 1, ["shop/new.py"])]  # news to them


def test_nobody_is_told_who_is_not_here_any_more(owner: User, shop: Source, change: Change) -> None:
    saved(owner)
    owner.is_active = False
    owner.save()
    change({"shop/new.py": "add_item([], 3)\n"})
    assert look_around() == 0
    assert told() == []


def test_emergency_access_opens_no_alert(staff: User, shop: Source, change: Change) -> None:
    saved(staff)
    open_glass(staff, "looking for something")
    change({"shop/new.py": "add_item([], 3)\n"})
    look_around()
    assert told() == []


def test_what_dies_between_the_match_and_the_notice_is_told_once(
    owner: User, shop: Source, change: Change
) -> None:
    saved(owner, by_mail=True)
    change({"shop/new.py": "add_item([], 3)\n"})
    with (
        patch.object(SavedSearch, "save", side_effect=KeyboardInterrupt),  # after it was told
        pytest.raises(KeyboardInterrupt),
    ):
        look_around()
    assert told() == []
    assert not Event.objects.filter(action="alert.sent").exists()
    look_around()
    look_around()
    assert told() == [("owner", 1, ["shop/new.py"])]
    assert Delivery.objects.count() == 1


def test_two_workers_tell_once(owner: User, shop: Source, change: Change) -> None:
    saved(owner)
    change({"shop/new.py": "add_item([], 3)\n"})
    real = matches.found_by

    def meanwhile(*args: object) -> object:
        with patch.object(looking, "found_by", real):
            look_around()  # another worker is quicker
        return real(*args)  # type: ignore[arg-type]

    with patch.object(looking, "found_by", meanwhile):
        assert look_around() == 0
    assert len(told()) == 1


def test_a_search_that_changes_while_it_is_made_is_not_told(
    owner: User, shop: Source, change: Change
) -> None:
    search = saved(owner)
    change({"shop/new.py": "add_item([], 3)\n"})
    real = matches.found_by

    def meanwhile(*args: object) -> object:
        other = keeping.Wish("Adders", "code", "plan", Narrowing(), is_alert=True)
        keeping.change(SavedSearch.objects.get(pk=search.pk), other)
        return real(*args)  # type: ignore[arg-type]

    with patch.object(looking, "found_by", meanwhile):
        look_around()
    assert told() == []
    look_around()
    assert told() == []  # the new query learns first


def test_a_query_that_is_refused_says_so(owner: User, shop: Source) -> None:
    search = saved(owner)
    SavedSearch.objects.filter(pk=search.pk).update(query="/(/", seen="")
    look_around()
    search.refresh_from_db()
    assert search.state == "refused"


def test_more_than_is_followed_is_said_and_nothing_known_is_told_again(
    owner: User, shop: Source, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.sources.saved.matches.FOLLOWED_LINES", 1)
    search = saved(owner)
    change({"a.py": "add_item([], 3)\n"})
    look_around()
    search.refresh_from_db()
    assert search.state == "cut"
    change({"a.py": None})
    look_around()
    assert told() == [("owner", 1, ["a.py"])]  # shop/cart.py comes back into view: known


def test_limits_of_one_person(
    owner: User, shop: Source, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_SAVED", 2)
    monkeypatch.setattr(keeping, "MOST_ALERTS", 1)
    monkeypatch.setattr(looking, "KEPT_NOTIFICATIONS", 1)
    monkeypatch.setattr(looking, "MOST_DELIVERIES", 1)
    saved(owner, by_webhook=True)
    with pytest.raises(keeping.NotSaved, match="You have 1 alerts"):
        saved(owner, name="Second")
    saved(owner, name="Second", is_alert=False)
    with pytest.raises(keeping.NotSaved, match="You have 2 saved searches"):
        saved(owner, name="Third", is_alert=False)
    for number in (1, 2):
        change({"shop/new.py": f"add_item([], {number})\n"})
        look_around()
    assert Notification.objects.count() == 1
    assert Delivery.objects.count() <= 1


def test_a_removed_source_leaves_no_path_behind(
    owner: User, shop: Source, change: Change, source_factory: SourceFactory
) -> None:
    other = source_factory("other", {"kept.py": "x = 1\n"})
    saved(owner)
    change({"shop/new.py": "add_item([], 3)\n"})
    look_at_searches()
    told_of = Notification.objects.get()
    told_of.places.append([other.pk, "other", "kept.py", 1, 1])
    told_of.save()
    remove(shop)
    forget_removed_places()
    told_of.refresh_from_db()
    assert [place[2] for place in told_of.places] == ["kept.py"]
    look_at_searches()
    deliver_notifications()
    assert Notification.objects.count() == 1
