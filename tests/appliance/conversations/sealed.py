"""A thread that rests on two sources, everybody who may look at it, and every surface to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.test import AsyncClient, Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.models import Message, MessageEvidence, Thread, ThreadShare
from appliance.conversations.questions import question_of
from appliance.sources.granting import set_grant
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, lines_of
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import SourceFactory, UserFactory

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


def made_world(user_factory: UserFactory, source_factory: SourceFactory) -> World:
    """Put the thread down, with the canaries in all that the closed source is behind."""
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


def feedback(client: Client, world: World) -> str:
    return "\n".join(read(client, f"/messages/{one.pk}/feedback/") for one in world.messages)


def comparisons(client: Client, world: World) -> str:
    """Look at what became of every citation, and at the list of answers that changed."""
    cited = MessageEvidence.objects.filter(message__thread=world.thread, role="cited")
    pages = [f"/messages/{one.message_id}/citations/{one.pk}/compare/" for one in cited]
    return "\n".join(read(client, page) for page in (*pages, "/changed/"))


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
    for look in (
        paths,
        lists,
        search,
        evidence,
        feedback,
        comparisons,
        streams,
        exports,
        copies,
        refused,
    )
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
