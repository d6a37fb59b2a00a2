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
from pathlib import Path

import httpx
import pytest
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.conversations import asking
from appliance.conversations.models import Message
from appliance.conversations.sharing import share
from appliance.conversations.tasks import answer_question
from appliance.sources.granting import set_grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import (  # noqa: F401
    FILES,
    MessageFactory,
    lines_of,
    message_factory,
)
from tests.appliance.web.leaving_roads import (
    KEEPS_THE_JOBS,
    KEEPS_THE_QUEUE,
    ROADS,
    Outside,
    World,
    outside,
)
from tests.conftest import SourceFactory, UserFactory
from tests.journeys.serving import served
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]

LIMIT_S = 10.0
ASKED = "How does add_item add an item to the cart?"
OPEN_STATES = {"queued", "searching", "writing"}


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
    outside: Outside

    @contextmanager
    def world_of(self, road: str) -> Iterator[World]:
        name = road.lower().replace(" ", "-")
        owner = self.outside.arrival(road, name) or self.user_factory(name, groups=(name,))
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
            answers = (written, queued, kept)
            programs = (session, program)
            yield World(owner, self.admin, self.address, *programs, *answers, shared, self.outside)


@pytest.fixture
def place(
    settings: Settings,
    source_factory: SourceFactory,
    user_factory: UserFactory,
    message_factory: MessageFactory,  # noqa: F811
    models: FakeServer,
    reader: User,
    staff: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    settings.ANSWERS_AT_ONCE = 2  # one of one person at a time: their second one waits
    monkeypatch.setattr(answer_question, "delay", lambda identifier: None)  # no broker is here
    shop = source_factory("shop", FILES)
    models.model.script = Script(mode=Mode.SLOW, text="Adds [E1]. " + "word " * 600, pause_s=0.1)
    with served() as address, outside(tmp_path / "slapd") as directories:
        yield Place(address, shop, staff, reader, user_factory, message_factory, directories)


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


def seconds_of(road: str, world: World) -> dict[str, float | None]:
    """Take a road; return when each path was closed, None for one that stayed open."""
    wait_until(lambda: state_of(world.written) == "writing")
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
        with place.world_of(road) as world:
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
