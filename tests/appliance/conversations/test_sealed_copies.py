"""What is made from a thread that is sealed in part: follow-ups, copies, counts, exports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.access import reading_of
from appliance.conversations.branching import delete_branch
from appliance.conversations.copying import continue_own
from appliance.conversations.models import Message, Thread
from appliance.conversations.questions import question_of
from tests.appliance.conversations.conftest import FILES
from tests.appliance.conversations.planting import ask, say, share_with
from tests.appliance.conversations.sealed import (
    ASKED,
    LINES,
    TOLD,
    VAULT,
    World,
    found_by,
    made_world,
    read,
    stranger,
    streams_of,
    viewer,
)
from tests.conftest import SourceFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(user_factory: UserFactory, source_factory: SourceFactory) -> World:
    return made_world(user_factory, source_factory)


def test_a_running_answer_tells_others_no_step(owner: User, reader: User, client: Client) -> None:
    """A step says only at its end what it looked at."""
    thread = Thread.objects.create(owner=owner, title="Renamed")
    step = {"number": 1, "kind": "read", "title": TOLD, "is_running": True, "places": []}
    message = say(ask(thread, "How?"), "", state="searching", steps=[step], source_names=["vault"])
    share_with(thread, reader)
    client.force_login(reader)
    page = read(client, f"/threads/{thread.pk}/") + streams_of(client, [message])
    assert TOLD not in page
    assert "vault" not in page
    assert "Searching everything you may read" in page


def test_counts_of_what_others_cannot_search_are_left_out(
    owner: User, reader: User, source_factory: SourceFactory, client: Client
) -> None:
    """What a search found and skipped counts also what the viewer may not know of."""
    source_factory("shop", FILES)
    source_factory("vault", VAULT, grant="board")
    thread = Thread.objects.create(owner=owner, title="Shop")
    searched = [{"name": name, "commit": "c" * 40, "live_at": ""} for name in ("shop", "vault")]
    fields: dict[str, Any] = {
        "sources": searched,
        "hits": 43_210_987_654_321,  # no id holds so many digits by chance
        "skipped": 87_654_321_098_765,
        "lacking": ["vault"],
    }
    answer = say(ask(thread, "How?"), "So.", receipt=fields, error="vault has no release/1.0")
    share_with(thread, reader)
    client.force_login(reader)
    page = read(client, f"/threads/{thread.pk}/")
    export = read(client, f"/threads/{thread.pk}/thread.json")
    for told in ("43,210", "43210987654321", "87,654", "87654321098765", "vault"):
        assert told not in page + export, told
    assert "shop" in page
    Message.objects.filter(pk=answer.pk).update(receipt={**fields, "sources": searched[:1]})
    page = read(client, f"/threads/{thread.pk}/")
    export = read(client, f"/threads/{thread.pk}/thread.json")
    assert "43,210" in page
    assert "vault" not in page + export  # it was not searched, and the viewer does not know it
    copied = continue_own(reader, reading_of(reader, thread), None)
    assert copied is not None
    assert "vault" not in read(client, f"/threads/{copied.pk}/thread.json")


def test_an_export_names_no_source_that_its_owner_may_not_be_told_of_any_more(
    owner: User, source_factory: SourceFactory, client: Client
) -> None:
    source_factory("shop", FILES)
    source_factory("vault", VAULT, grant="board")
    thread = Thread.objects.create(owner=owner, title="Shop")
    searched = [{"name": name, "commit": "c" * 40, "live_at": ""} for name in ("shop", "vault")]
    say(ask(thread, "How?"), "So.", receipt={"sources": searched, "lacking": ["vault"]})
    client.force_login(owner)
    for ending in ("md", "json"):
        export = read(client, f"/threads/{thread.pk}/thread.{ending}")
        assert "shop" in export
        assert "vault" not in export


def test_a_follow_up_prompt_holds_nothing_that_was_sealed_meanwhile(world: World) -> None:
    world.owner.groups.remove(Group.objects.get(name="board"))
    asked = ask(world.thread, "And then?", world.repeated)
    question, _ = question_of(say(asked, "", state="queued"))
    assert [turn.answer for turn in question.turns] == ["It adds OPEN WORDS."]


def test_a_copy_is_sealed_with_what_it_was_copied_beside(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    """The copier loses access to what they could read when they copied."""
    user = user_factory("copier", groups=("readers", "board"))
    share_with(world.thread, user)
    whole = continue_own(user, reading_of(user, world.thread), world.repeated.pk)
    branch = continue_own(user, reading_of(user, world.thread), world.elsewhere.pk)
    assert whole is not None
    assert branch is not None
    client.force_login(user)
    assert TOLD in read(client, f"/threads/{whole.pk}/")
    assert ASKED in read(client, f"/threads/{branch.pk}/")
    user.groups.remove(Group.objects.get(name="board"))
    for copied in (whole, branch):
        pages = [read(client, f"/threads/{copied.pk}/{name}") for name in ("", "thread.md")]
        pages.append(found_by(client, "/", "CANARY"))
        assert [word for word in (TOLD, ASKED, LINES) if word in "".join(pages)] == []
        last = Message.objects.filter(thread=copied).latest("created_at")
        follow_up = say(ask(copied, "And?", last), "", state="queued")
        assert "CANARY" not in repr(question_of(follow_up)[0].turns)
    # Nor are what they copied asked again, or edited, by them now.
    sealed = Message.objects.get(thread=branch, text__contains=ASKED, role="question")
    assert client.post(f"/messages/{sealed.pk}/again/").status_code == 404
    edit = {"question": "X", "edit": str(sealed.pk)}
    assert client.post(f"/threads/{branch.pk}/ask/", edit).status_code == 404


def test_a_copied_answer_is_sealed_with_its_question(
    world: World, user_factory: UserFactory
) -> None:
    """The question keeps in mind an answer that was deleted, and the answer repeats the question."""
    user = user_factory("copier", groups=("readers", "board"))
    share_with(world.thread, user)
    assert world.told.parent is not None
    assert delete_branch(world.told.parent)
    own = continue_own(user, reading_of(user, world.thread), world.elsewhere.pk)
    assert own is not None
    user.groups.remove(Group.objects.get(name="board"))
    assert reading_of(user, own).sealed == {one.pk for one in Message.objects.filter(thread=own)}


def test_an_answer_to_a_copied_question_is_sealed_with_it(
    world: World, user_factory: UserFactory
) -> None:
    """Its query is the question, whatever it found."""
    user = user_factory("copier", groups=("readers", "board"))
    share_with(world.thread, user)
    own = continue_own(user, reading_of(user, world.thread), world.elsewhere.pk)
    assert own is not None
    copied = Message.objects.get(thread=own, role="question")
    _, branch = question_of(say(copied, "", state="queued"))
    assert world.vault.pk in {source_id for source_id, _ in branch.places()}
    asked = ask(own, "And of my own?")
    _, branch = question_of(say(asked, "", state="queued"))
    assert branch.places() == []


def test_a_copy_is_a_thread_like_any_other(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    user = viewer(world, user_factory)
    client.force_login(user)
    path = f"/threads/{world.thread.pk}/continue/"
    response = client.post(path, {"at": str(world.repeated.pk)})
    own = Thread.objects.get(owner=user)
    assert response["Location"] == f"/threads/{own.pk}/"
    assert own.title == "How are items added?"
    question, answer = own.messages.all()
    assert (question.text, answer.text) == ("How are items added?", "It adds OPEN WORDS [E1].")
    assert (question.parent, answer.parent) == (None, question)
    assert [link.handle for link in answer.evidence_links.all()] == ["E1", "E1"]
    assert "shop/cart.py" in read(client, f"/threads/{own.pk}/")


def test_there_may_be_nothing_to_copy(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    client.force_login(stranger(world, user_factory))
    response = client.post(f"/threads/{world.thread.pk}/continue/", follow=True)
    assert b"no finished answer here that you may read" in response.content
    assert Thread.objects.count() == 1


def test_the_export_of_a_sealed_message_is_its_place(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    client.force_login(viewer(world, user_factory))
    path = f"/threads/{world.thread.pk}/thread.json?at={world.told.pk}"
    messages = json.loads(read(client, path))["messages"]
    sealed = next(one for one in messages if one["id"] == str(world.told.pk))
    assert sealed.keys() == {"id", "parent", "role", "sealed"}
