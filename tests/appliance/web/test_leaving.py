"""C06: seconds from each kind of deprovisioning to refusal on each path, over a real server.

With `-s` it prints the table; the last line of it is JSON.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token, revoke_all
from appliance.conversations import asking
from appliance.conversations.models import Message, Thread
from appliance.conversations.sharing import share
from appliance.conversations.tasks import answer_question
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.accounts.signing import sign_in
from tests.appliance.conversations.conftest import (  # noqa: F401
    FILES,
    MessageFactory,
    lines_of,
    message_factory,
)
from tests.conftest import SourceFactory, UserFactory
from tests.journeys.serving import served

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]

LIMIT_S = 10.0
ASKED = "How does add_item add an item to the cart?"
OPEN_STATES = {"queued", "searching", "writing"}


@dataclass
class World:
    """Somebody who uses everything at once, and what they look at."""

    owner: User
    admin: User
    address: str
    session: httpx.Client
    token: httpx.Client
    written: Message  # an answer that is being written
    queued: Message
    kept: Message  # one that is finished
    shared: Thread  # of somebody else


def by_page(world: World) -> None:
    admin = Client()
    sign_in(admin, world.admin)
    assert admin.post(f"/people/{world.owner.pk}/disable/").status_code == 302


def by_model(world: World) -> None:
    """As SCIM and a directory's sync save an account."""
    user = User.objects.get(pk=world.owner.pk)
    user.is_active = False
    user.save()


def by_command(world: World) -> None:
    call_command("person", world.owner.username, "--disable")


def by_sql(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET is_active = false WHERE id = %s", [world.owner.pk])


def by_deletion(world: World) -> None:
    User.objects.get(pk=world.owner.pk).delete()


def by_group(world: World) -> None:
    world.owner.groups.clear()


def by_grant(world: World) -> None:
    Grant.objects.filter(group__user=world.owner).delete()


def by_revoking(world: World) -> None:
    """Of sessions and tokens alone: the account stays, and with it what it asked for."""
    admin = Client()
    admin.force_login(world.admin)
    admin.post(f"/people/{world.owner.pk}/sign-out/")
    revoke_all(world.owner, by=world.admin)


ROADS: dict[str, Callable[[World], None]] = {
    "disabled on the page": by_page,
    "disabled by a directory": by_model,
    "disabled by the command": by_command,
    "disabled in the database": by_sql,
    "account deleted": by_deletion,
    "removed from the group": by_group,
    "grant revoked": by_grant,
    "session and tokens revoked": by_revoking,
}
KEEPS_THE_JOBS = {"session and tokens revoked"}
KEEPS_THE_QUEUE = {"removed from the group", "grant revoked", *KEEPS_THE_JOBS}


def has_code(response: httpx.Response) -> bool:
    return response.status_code == 200 and "cart.py" in response.text


def page_is_closed(world: World) -> bool:
    return not has_code(world.session.get("/search/?q=add_item"))


def file_is_closed(world: World) -> bool:
    return world.session.get("/files/shop/main/shop/cart.py").status_code != 200


def api_is_closed(world: World) -> bool:
    return not has_code(world.token.get("/api/v1/search?q=add_item"))


def mcp_is_closed(world: World) -> bool:
    asked = {"name": "search", "arguments": {"query": "add_item"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
    accept = {"Accept": "application/json, text/event-stream"}
    return not has_code(world.token.post("/mcp", json=call, headers=accept))


def palette_is_closed(world: World) -> bool:
    return not has_code(world.session.get("/palette/?q=cart"))


def export_is_closed(world: World) -> bool:
    path = f"/threads/{world.kept.thread_id}/thread.md"
    return "CANARY" not in world.session.get(path).text


def share_is_closed(world: World) -> bool:
    return "CANARY" not in world.session.get(f"/threads/{world.shared.pk}/").text


def state_of(message: Message) -> str:
    states = Message.objects.filter(pk=message.pk).values_list("state", flat=True)
    return states.first() or "deleted"


def job_has_ended(world: World) -> bool:
    return state_of(world.written) not in OPEN_STATES


def queued_has_ended(world: World) -> bool:
    return state_of(world.queued) not in OPEN_STATES


PATHS: dict[str, Callable[[World], bool]] = {
    "page": page_is_closed,
    "file": file_is_closed,
    "API token": api_is_closed,
    "MCP": mcp_is_closed,
    "palette": palette_is_closed,
    "export": export_is_closed,
    "shared thread": share_is_closed,
    "running answer": job_has_ended,
    "queued answer": queued_has_ended,
}


def seconds_until(check: Callable[[World], bool], world: World, started: float) -> float | None:
    try:
        while time.monotonic() - started < LIMIT_S + 2:
            if check(world):
                return round(time.monotonic() - started, 2)
            time.sleep(0.1)
        return None
    finally:
        connections.close_all()


class Stream:
    """The stream of the answer that is being written, read to its end in a thread."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self.ended_at: float | None = None
        self.begun = threading.Event()
        self._client = client
        self._path = path
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._client.stream("GET", self._path, timeout=120) as response:
            for line in response.iter_lines():
                if line.startswith("data:"):
                    self.begun.set()
        self.ended_at = time.monotonic()

    def seconds(self, started: float) -> float | None:
        self._thread.join(LIMIT_S + 2)
        return round(self.ended_at - started, 2) if self.ended_at else None


@dataclass
class Place:
    """What the people of all roads share."""

    address: str
    shop: Source
    admin: User
    reader: User
    user_factory: UserFactory
    message_factory: MessageFactory

    @contextmanager
    def world_of(self, name: str) -> Iterator[World]:
        owner = self.user_factory(name, groups=(name,))
        set_grant(name, self.shop)
        cart = lines_of(self.shop, "shop/cart.py", 4, 9)
        kept = self.message_factory(owner, "CANARY [E1]", [cart])
        shared = self.message_factory(self.reader, "CANARY [E1]", [cart]).thread
        share(shared, by=self.reader, user=owner, group=None)
        token = create_token(owner, name="x", rights=[TokenRight.READ], by=owner).text
        written, queued = asking.ask(owner, ASKED), asking.ask(owner, ASKED)
        client = Client()
        client.force_login(owner)
        cookies = {"sessionid": client.cookies["sessionid"].value}
        bearer = {"Authorization": f"Bearer {token}"}
        with (
            worker(written),
            httpx.Client(base_url=self.address, cookies=cookies, timeout=120) as session,
            httpx.Client(base_url=self.address, headers=bearer, timeout=120) as program,
        ):
            yield World(
                owner, self.admin, self.address, session, program, written, queued, kept, shared
            )


@pytest.fixture
def place(
    settings: Settings,
    source_factory: SourceFactory,
    user_factory: UserFactory,
    message_factory: MessageFactory,  # noqa: F811
    models: FakeServer,
    reader: User,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    settings.ANSWERS_AT_ONCE = 2  # one of one person at a time: their second one waits
    monkeypatch.setattr(answer_question, "delay", lambda identifier: None)  # no broker is here
    shop = source_factory("shop", FILES)
    models.model.script = Script(mode=Mode.SLOW, text="Adds [E1]. " + "word " * 600, pause_s=0.1)
    with served() as address:
        yield Place(address, shop, staff, reader, user_factory, message_factory)


@contextmanager
def worker(message: Message) -> Iterator[None]:
    """Write answers in a thread, as a worker does, until all of them have ended."""

    def run() -> None:
        try:
            answer_question(str(message.pk))
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        Message.objects.all().update(stop_asked=True)
        Message.objects.filter(state="queued").update(state="stopped")
        thread.join(20)


def wait_for(check: Callable[[], Any], limit_s: float = 30.0) -> None:
    until = time.monotonic() + limit_s
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)


def seconds_of(road: str, world: World) -> dict[str, float | None]:
    """Take a road; return when each path was closed, None for one that stayed open."""
    wait_for(lambda: state_of(world.written) == "writing")
    message = world.written.pk
    stream = Stream(world.session, f"/messages/{message}/events/")
    of_api = Stream(world.token, f"/api/v1/messages/{message}/events")
    assert stream.begun.wait(20)
    assert of_api.begun.wait(20)
    paths = {
        name: check
        for name, check in PATHS.items()
        if not (name == "queued answer" and road in KEEPS_THE_QUEUE)
        and not (name == "running answer" and road in KEEPS_THE_JOBS)
    }
    assert [name for name, check in paths.items() if check(world)] == []  # or it measures nothing
    started = time.monotonic()
    ROADS[road](world)
    with ThreadPoolExecutor(len(paths)) as pool:
        waits = {
            name: pool.submit(seconds_until, check, world, started) for name, check in paths.items()
        }
        seconds = {name: wait.result() for name, wait in waits.items()}
    streams = {"stream": stream.seconds(started), "API stream": of_api.seconds(started)}
    return {**seconds, **streams}


def test_whoever_leaves_is_out_within_ten_seconds(place: Place) -> None:
    table = {}
    for road in ROADS:
        with place.world_of(road.replace(" ", "-")) as world:
            table[road] = seconds_of(road, world)
    names = [*PATHS, "stream", "API stream"]
    print("\n" + " " * 28 + "".join(f"{name:>16}" for name in names))  # noqa: T201
    for road, seconds in table.items():
        cells = "".join(f"{seconds.get(name, '-')!s:>16}" for name in names)
        print(f"{road:<28}{cells}")  # noqa: T201
    print(json.dumps(table))  # noqa: T201
    late = [
        (road, name, took)
        for road, seconds in table.items()
        for name, took in seconds.items()
        if took is None or took > LIMIT_S
    ]
    assert late == []
