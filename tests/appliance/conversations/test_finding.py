"""Threads are found by what stands in them, as far as the one who looks may see it."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations import finding
from appliance.conversations.finding import find_threads
from appliance.conversations.models import Thread
from appliance.sources.models import Grant
from tests.appliance.conversations.conftest import FILES, lines_of
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import SourceFactory


@pytest.fixture
def thread(owner: User) -> Thread:
    thread = Thread.objects.create(owner=owner, title="The cart of the shop")
    say(ask(thread, "How are items added?"), "By `add_item` in **memory** [E1].")
    return thread


def titles(user: User, text: str) -> list[str]:
    return [found.thread.title for found in find_threads(user, text)]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("cart", True),
        ("CART shop", True),
        ("items", True),
        ("ADD_ITEM memory", True),
        ("memory items", False),  # each in another message
        ("cart memory", False),
        ("nowhere", False),
        ("add%item", False),  # no wildcard
        ("add_i_em", False),
        ("E1", False),  # a handle is not shown
        ("'; DROP TABLE x; --", False),
        ("\\", False),
        ("(", False),
        ("  ", False),
    ],
)
def test_every_word_must_stand_in_the_title_or_in_one_message(
    text: str, is_found: bool, owner: User, thread: Thread
) -> None:
    assert titles(owner, text) == (["The cart of the shop"] if is_found else [])


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_nobody_else_finds_a_thread(
    person: str, thread: Thread, request: pytest.FixtureRequest
) -> None:
    assert find_threads(request.getfixturevalue(person), "cart") == []
    assert find_threads(request.getfixturevalue(person), "items") == []


def test_who_it_is_shared_with_finds_it(thread: Thread, reader: User) -> None:
    share_with(thread, reader)
    (found,) = find_threads(reader, "items")
    assert found.is_shared
    assert found.message_id is not None


def test_a_title_that_is_not_shown_is_not_found(
    owner: User, reader: User, outsider: User, source_factory: SourceFactory
) -> None:
    shop = source_factory("shop", FILES)
    thread = Thread.objects.create(owner=owner, title="CANARY")
    say(ask(thread, "How?"), "So [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    for user in (reader, outsider):
        share_with(thread, user)
    assert titles(reader, "CANARY") == ["CANARY"]
    assert find_threads(outsider, "CANARY") == []
    (found,) = find_threads(outsider, "Shared thread")
    assert found.title == (("Shared", True), (" ", False), ("thread", True))


def test_an_own_answer_is_not_found_after_access_was_lost(
    owner: User, source_factory: SourceFactory
) -> None:
    shop = source_factory("shop", FILES)
    thread = Thread.objects.create(owner=owner, title="Thread")
    say(ask(thread, "QUESTION?"), "CANARY [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    assert titles(owner, "CANARY") == ["Thread"]
    Grant.objects.all().delete()
    assert titles(owner, "CANARY") == []
    assert titles(owner, "QUESTION?") == ["Thread"]


def test_what_is_sealed_pushes_nothing_off_the_list(
    owner: User, reader: User, source_factory: SourceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MATCHES", 2)  # five hundred messages take long to make
    vault = source_factory("vault", FILES, grant="board")
    thread = Thread.objects.create(owner=owner, title="Thread")
    last = say(ask(thread, "Word?"), "So.")
    for _ in range(4):
        pieces = [lines_of(vault, "shop/cart.py", 4, 9)]
        last = say(ask(thread, "Word?", last), "Word [E1].", pieces)
    share_with(thread, reader)
    assert titles(reader, "word") == ["Thread"]


def test_the_newest_thread_comes_first_with_its_newest_match(owner: User, thread: Thread) -> None:
    other = Thread.objects.create(owner=owner, title="Other")
    question = ask(other, "Which items?")
    newest = say(question, "These items.")
    first, second = find_threads(owner, "items")
    assert (first.thread, first.message_id) == (other, newest.pk)
    assert second.thread == thread


def test_the_page_lists_what_was_found_as_text(client: Client, owner: User) -> None:
    thread = Thread.objects.create(owner=owner, title="Markup")
    message = ask(thread, "Why <script>alert(1)</script> needle?")
    client.force_login(owner)
    page = client.get("/?find=needle").content.decode()
    assert "1 thread found" in page
    assert "Why &lt;script&gt;alert(1)&lt;/script&gt; <mark>needle</mark>?" in page
    assert f'href="/threads/{thread.pk}/?find=needle&amp;at={message.pk}#message-' in page
    assert "<mark>&lt;script&gt;</mark>" in client.get("/?find=<script>").content.decode()


@pytest.mark.parametrize("text", ["%00", "x" * 201, "%F0%9F", "\u202e"])
def test_what_cannot_be_looked_for_finds_nothing_and_breaks_nothing(
    text: str, client: Client, owner: User, thread: Thread
) -> None:
    client.force_login(owner)
    assert client.get(f"/?find={text}").status_code == 200


def test_pages_of_what_was_found_keep_what_was_looked_for(client: Client, owner: User) -> None:
    Thread.objects.bulk_create(Thread(owner=owner, title=f"Thread & {n}") for n in range(50))
    client.force_login(owner)
    first = client.get("/?find=thread+%26").content.decode()
    assert "50 threads found" in first
    assert 'href="?threads=2&amp;find=thread%20%26"' in first
    second = client.get("/?find=thread+%26&threads=2").content
    assert second.count(b'<li><a href="/threads/') == 10


def test_a_shared_thread_is_listed_apart(
    client: Client, thread: Thread, reader: User, owner: User
) -> None:
    share_with(thread, reader)
    client.force_login(reader)
    page = client.get("/").content.decode()
    listed = page[page.index("Shared with you") :]
    assert "The cart of the shop" in listed
    assert "shared by owner" in listed
    client.force_login(owner)
    assert b"Shared with you" not in client.get("/").content


def test_further_shared_threads_are_on_further_pages(
    client: Client, owner: User, reader: User
) -> None:
    for number in range(12):
        share_with(Thread.objects.create(owner=owner, title=f"Thread {number}"), reader)
    client.force_login(reader)
    assert client.get("/").content.count(b'<li><a href="/threads/') == 10
    page = client.get("/?shared=2").content
    assert page.count(b'<li><a href="/threads/') == 2
    assert b"?shared=2" in page[page.index(b"<h2>Shared") :]
