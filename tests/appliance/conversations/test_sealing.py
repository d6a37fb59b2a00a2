"""Sealing: what somebody may not read shows nowhere, to whom a thread is shared nor to its owner.

A thread is put down that rests on two sources (sealed.py), with words that must not appear
(CANARIES) in all that the closed one is behind. Then every person looks at every surface.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.access import threads_shared_with
from appliance.conversations.models import Thread, ThreadShare
from tests.appliance.conversations.planting import ask, say, share_with
from tests.appliance.conversations.sealed import (
    ASKED,
    LINES,
    SURFACES,
    TOLD,
    VIEWERS,
    World,
    made_world,
    member,
    read,
    viewer,
)
from tests.conftest import SourceFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(user_factory: UserFactory, source_factory: SourceFactory) -> World:
    return made_world(user_factory, source_factory)


@pytest.mark.parametrize("person", VIEWERS)
def test_nobody_sees_what_they_may_not_read(
    person: Callable[[World, UserFactory], User],
    world: World,
    user_factory: UserFactory,
    client: Client,
) -> None:
    client.force_login(person(world, user_factory))
    leaks = [
        (surface, word)
        for surface, look in SURFACES.items()
        for shown in [look(client, world)]
        for word in (TOLD, ASKED, LINES, "vault.py", "12345", "54321")
        if word in shown
    ]
    assert leaks == []


def test_the_owner_who_lost_access_sees_their_questions_and_no_answer(
    world: World, client: Client
) -> None:
    world.owner.groups.remove(Group.objects.get(name="board"))
    client.force_login(world.owner)
    shown = "\n".join(look(client, world) for look in SURFACES.values())
    assert [word for word in (TOLD, LINES, "12345", "54321") if word in shown] == []
    assert ASKED in shown


def test_who_may_read_everything_sees_it(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    """Without this the test above could pass on surfaces that are always empty."""
    user = user_factory("colleague", groups=("readers", "board"))
    share_with(world.thread, user)
    client.force_login(user)
    expected = dict.fromkeys(SURFACES, TOLD) | {"lists": ASKED, "evidence": LINES}
    expected |= {"feedback": ASKED, "comparisons": ASKED}
    del expected["refused"]
    missing = [name for name, word in expected.items() if word not in SURFACES[name](client, world)]
    assert missing == []


def test_a_viewer_sees_what_they_may_read(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    client.force_login(viewer(world, user_factory))
    shown = {
        name: SURFACES[name](client, world).replace("<mark>", "").replace("</mark>", "")
        for name in ("paths", "search", "streams", "exports", "copies")
    }
    assert [name for name, page in shown.items() if "OPEN WORDS" not in page] == []


def test_what_is_sealed_says_so_and_no_more(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    client.force_login(viewer(world, user_factory))
    page = read(client, f"/threads/{world.thread.pk}/?at={world.repeated.pk}")
    # In the conversation and in its evidence.
    assert page.count("This answer rests on sources that you may not read.") == 6
    assert page.count("follows on an answer that rests on sources that you may not read.") == 2
    assert "<h1>Shared thread</h1>" in page
    assert page.count('<article class="card"') == 0  # the only passages that are seen come later
    assert page.count("data-later=") == 1
    assert page.count("What was searched") == 1
    for word in ("Pinned", "77 citations", "Read ", "Waiting", "1 of 1"):
        assert word not in page, word


def test_a_title_that_is_a_question_which_is_seen_is_shown(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    Thread.objects.update(title="How are items added?")
    client.force_login(viewer(world, user_factory))
    assert "<h1>How are items added?</h1>" in read(client, f"/threads/{world.thread.pk}/")
    assert "How are items added?" in read(client, "/")


def test_any_title_is_shown_where_nothing_is_sealed(
    owner: User, reader: User, client: Client
) -> None:
    thread = Thread.objects.create(owner=owner, title="Renamed")
    say(ask(thread, "How?"), "So.")
    share_with(thread, reader)
    client.force_login(reader)
    assert "<h1>Renamed</h1>" in read(client, f"/threads/{thread.pk}/")


def test_who_stops_sharing_closes_at_once(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    user = viewer(world, user_factory)
    client.force_login(user)
    assert client.get(f"/threads/{world.thread.pk}/").status_code == 200
    ThreadShare.objects.all().delete()
    assert not threads_shared_with(user).exists()
    for path in ("", "thread.md", "thread.json"):
        assert client.get(f"/threads/{world.thread.pk}/{path}").status_code == 404
    assert client.get(f"/messages/{world.open_answer.pk}/evidence/").status_code == 404


def test_who_leaves_the_group_leaves_the_thread(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    user = member(world, user_factory)
    client.force_login(user)
    assert client.get(f"/threads/{world.thread.pk}/").status_code == 200
    user.groups.remove(Group.objects.get(name="friends"))
    assert client.get(f"/threads/{world.thread.pk}/").status_code == 404
