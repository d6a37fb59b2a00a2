"""Sealing: what somebody may not read shows nowhere, to whom a thread is shared nor to its owner.

A thread is put down that rests on two sources, with words that must not appear (CANARIES) in all
that the closed one is behind. Then every person looks at every surface.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.test import AsyncClient, Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.access import reading_of, threads_shared_with
from appliance.conversations.copying import continue_own
from appliance.conversations.models import Message, Thread, ThreadShare
from appliance.conversations.questions import question_of
from appliance.sources.granting import set_grant
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, lines_of
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import SourceFactory, UserFactory

pytestmark = pytest.mark.django_db

# In what the closed source is behind; in what the owner wrote after reading that; in its lines.
TOLD, ASKED, LINES = "CANARY_TOLD", "CANARY_ASKED", "canary_lines"
VAULT = {f"{LINES}/vault.py": f"def {LINES}():\n    return '{LINES}'\n" * 9}


@dataclass
class World:
    thread: Thread
    owner: User
    open_answer: Message  # rests on what every reader may read
    told: Message  # rests on the closed source
    repeated: Message  # rests on an open source, and on what was told before
    running: Message  # is being written, with the closed source in its prompt
    elsewhere: Message  # answers a question that was asked on another branch, later
    vault: Source

    @property
    def messages(self) -> list[Message]:
        return [self.open_answer, self.told, self.repeated, self.running, self.elsewhere]


@pytest.fixture
def world(user_factory: UserFactory, source_factory: SourceFactory) -> World:
    shop = source_factory("shop", FILES)
    vault = source_factory("vault", VAULT, grant="board")
    owner = user_factory("author", groups=("readers", "board"))
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    safe = lines_of(vault, f"{LINES}/vault.py", 1, 2, "E2")
    thread = Thread.objects.create(owner=owner, title=f"About {ASKED}")
    at = iter(timezone.now() + timedelta(seconds=second) for second in range(20))
    first = ask(thread, "How are items added?", created_at=next(at))
    patch = {
        "source_id": shop.pk, "source": "shop", "commit": "c" * 40, "diff": TOLD, "state": "good",
        "is_repaired": False, "checks": [{"name": TOLD, "verdict": "passed", "reason": TOLD}],
        "files": [{"path": "shop/cart.py", "is_new": False}],
    }  # fmt: skip
    open_answer = say(first, "It adds OPEN WORDS [E1].", [cart], created_at=next(at))
    step = {
        "number": 1, "kind": "read", "title": f"Read {TOLD}", "detail": TOLD, "places": [],
        "is_running": False, "seconds": 1,
    }  # fmt: skip
    second = ask(thread, "Where is the vault opened?", open_answer, created_at=next(at))
    told = say(
        second,
        f"By {TOLD} [E1] [E2].",
        [cart, safe],
        query=TOLD,
        error=TOLD,
        steps=[step],
        patches=[patch],
        prompt={"why": TOLD},
        receipt={
            "given": 2, "query": TOLD, "hits": 12345, "lacking": [TOLD], "prompt_tokens": 54321,
            "sources": [{"name": "vault", "commit": "c" * 40, "live_at": ""}],
        },
        struck=77,
        is_pinned=True,
        created_at=next(at),
    )  # fmt: skip
    third = ask(thread, f"Is {ASKED} so?", told, is_pinned=True, created_at=next(at))
    behind = [[vault.pk, safe.path]]
    repeated = say(
        third,
        f"Yes, {TOLD} [E1].",
        [cart],
        receipt={"given": 1, "behind": behind},
        created_at=next(at),
    )
    fourth = ask(thread, f"And {ASKED}?", repeated, created_at=next(at))
    running = say(fourth, f"It is {TOLD}", [safe], state="writing", created_at=next(at))
    beside = ask(thread, f"How is {ASKED} added?", created_at=next(at))
    elsewhere = say(beside, f"{ASKED} is not there [E1].", [cart], created_at=next(at))
    return World(thread, owner, open_answer, told, repeated, running, elsewhere, vault)


Look = Callable[[Client, World], str]


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code in {200, 204, 404}, path
    return str(response.content.decode())


def paths(client: Client, world: World) -> str:
    page = f"/threads/{world.thread.pk}/"
    own = [page, f"{page}?threads=1&shared=1"]
    ids = Message.objects.filter(thread=world.thread).values_list("pk", flat=True)
    named = [f"{page}?{name}={pk}" for pk in ids for name in ("at", "after", "edit")]
    return "\n".join(read(client, path) for path in [*own, *named])


def lists(client: Client, world: World) -> str:
    return read(client, "/")


def search(client: Client, world: World) -> str:
    thread = f"/threads/{world.thread.pk}/"
    words = ["Yes", "vault", "added", "WORDS", "def", "About", "CANARY", TOLD, ASKED, LINES]
    return "\n".join(found_by(client, page, word) for page in ("/", thread) for word in words)


def found_by(client: Client, page: str, word: str) -> str:
    """Return what is found; the field and addresses repeat the word, nothing else may."""
    shown = read(client, f"{page}?find={word}")
    return shown.replace(f'value="{word}"', "").replace(f"find={word}", "")


def evidence(client: Client, world: World) -> str:
    return "\n".join(read(client, f"/messages/{one.pk}/evidence/") for one in world.messages)


def streams(client: Client, world: World) -> str:
    """Read the first event of every answer's stream."""
    return streams_of(client, world.messages)


def streams_of(client: Client, messages: list[Message]) -> str:
    async def first_parts() -> list[str]:
        browser = AsyncClient()
        browser.cookies = client.cookies
        parts = []
        for message in messages:
            response: Any = await browser.get(f"/messages/{message.pk}/events/")
            assert response.status_code in {200, 404}
            if response.status_code == 200:
                body = aiter(response.streaming_content)
                parts.append((await anext(body)).decode())
                await body.aclose()
        return parts

    return "\n".join(async_to_sync(first_parts)())


def exports(client: Client, world: World) -> str:
    files = [f"/threads/{world.thread.pk}/thread.{ending}" for ending in ("md", "json")]
    queries = ["", "?all=1", *(f"?at={one.pk}" for one in world.messages)]
    got = [client.get(f"{file}{query}") for file in files for query in queries]
    return "\n".join(f"{one.headers} {one.content.decode()}" for one in got)


def copies(client: Client, world: World) -> str:
    """Continue from every message, and look at what came: its rows, its page, its next prompt."""
    seen = []
    for message in world.messages:
        response = client.post(f"/threads/{world.thread.pk}/continue/", {"at": str(message.pk)})
        thread = Thread.objects.exclude(pk=world.thread.pk).order_by("-created_at").first()
        if response.status_code == 404 or thread is None:
            continue
        seen += [f"{thread.title} {row}" for row in Message.objects.filter(thread=thread).values()]
        seen.append(read(client, f"/threads/{thread.pk}/"))
        last = Message.objects.filter(thread=thread, role="answer").latest("created_at")
        follow_up = say(ask(thread, "And then?", last), "", state="queued")
        turns = question_of(follow_up)[0].turns
        seen += [f"{turn.question} {turn.answer}" for turn in turns]
        thread.delete()
    return "\n".join(map(str, seen))


def refused(client: Client, world: World) -> str:
    """Try what only the owner may."""
    pages = [f"/threads/{world.thread.pk}/{name}/" for name in ("share", "delete")]
    pages += [f"/messages/{one.pk}/delete/" for one in world.messages]
    return "\n".join(read(client, page) for page in pages)


SURFACES: dict[str, Look] = {
    look.__name__: look
    for look in (paths, lists, search, evidence, streams, exports, copies, refused)
}


def viewer(world: World, make: UserFactory) -> User:
    """Share with a person who reads the open source."""
    user = make("viewer", groups=("readers",))
    share_with(world.thread, user)
    return user


def member(world: World, make: UserFactory) -> User:
    """Share with a group of such a person."""
    user = make("member", groups=("readers", "friends"))
    group = Group.objects.get(name="friends")
    ThreadShare.objects.create(thread=world.thread, group=group, created_by=world.owner)
    return user


def half_reader(world: World, make: UserFactory) -> User:
    """Share with a person who may read the closed source, but not the path that was used."""
    user = make("half", groups=("readers", "half"))
    set_grant("half", world.vault)
    set_grant("half", world.vault, f"{LINES}/", allow=False)
    share_with(world.thread, user)
    return user


def former_member(world: World, make: UserFactory) -> User:
    """Share with a person who could read everything until just now."""
    user = make("former", groups=("readers", "board"))
    share_with(world.thread, user)
    user.groups.remove(Group.objects.get(name="board"))
    return user


def of_a_removed_source(world: World, make: UserFactory) -> User:
    """Share with a person who could read everything, then the source was removed."""
    user = make("late", groups=("readers", "board"))
    share_with(world.thread, user)
    world.vault.delete()
    return user


def stranger(world: World, make: UserFactory) -> User:
    """Share with a person who may read nothing at all."""
    user = make("stranger")
    share_with(world.thread, user)
    return user


def unshared(world: World, make: UserFactory) -> User:
    """Share, and take it back."""
    user = make("unshared", groups=("readers",))
    share_with(world.thread, user).delete()
    return user


VIEWERS = [viewer, member, half_reader, former_member, of_a_removed_source, stranger, unshared]


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
        "hits": 4321,
        "skipped": 8765,
        "lacking": ["vault"],
    }
    answer = say(ask(thread, "How?"), "So.", receipt=fields, error="vault has no release/1.0")
    share_with(thread, reader)
    client.force_login(reader)
    page = read(client, f"/threads/{thread.pk}/")
    export = read(client, f"/threads/{thread.pk}/thread.json")
    for told in ("4,321", "4321", "8,765", "8765", "vault"):
        assert told not in page + export, told
    assert "shop" in page
    Message.objects.filter(pk=answer.pk).update(receipt={**fields, "sources": searched[:1]})
    assert "4,321" in read(client, f"/threads/{thread.pk}/")


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


def test_the_export_of_a_sealed_message_is_its_place(
    world: World, user_factory: UserFactory, client: Client
) -> None:
    client.force_login(viewer(world, user_factory))
    path = f"/threads/{world.thread.pk}/thread.json?at={world.told.pk}"
    messages = json.loads(read(client, path))["messages"]
    sealed = next(one for one in messages if one["id"] == str(world.told.pk))
    assert sealed.keys() == {"id", "parent", "role", "sealed"}
