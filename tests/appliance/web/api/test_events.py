"""The stream of an answer for programs: deltas, resuming, and the end for who is let in no more."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from appliance.accounts.models import ApiToken, User
from appliance.accounts.tokens import revoke_all
from appliance.conversations.models import Message
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.appliance.web.api.conftest import QUESTION, program
from tests.waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

SENTENCES = "It appends the item to the cart [E1]. " * 3
Event = tuple[str, str, Any]  # name, id, what it tells


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    name = identifier = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name, identifier = value, ""
        elif field == "id":
            identifier = value
        elif field == "data":
            yield name, identifier, json.loads(value)


def follow(client: httpx.Client, message_id: str, last: str = "") -> list[Event]:
    return list(following(client, message_id, last))


def following(client: httpx.Client, message_id: str, last: str = "") -> Iterator[Event]:
    headers = {"Last-Event-ID": last} if last else {}
    with client.stream("GET", f"/api/v1/messages/{message_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield from events_of(answer.iter_lines())


def text_of(events: list[Event], before: str = "") -> str:
    for name, _, told in events:
        if name == "text":
            before = before[: told["at"]] + told["text"]
    return before


def begin(client: httpx.Client) -> dict[str, Any]:
    answer = client.post("/api/v1/threads", json={"question": QUESTION, "mode": "answer"})
    assert answer.status_code == 201
    told: dict[str, Any] = answer.json()
    return told


def test_an_answer_is_followed_and_taken_up_again(
    address: str, owner: User, models: FakeServer
) -> None:
    models.model.script = Script(mode=Mode.SLOW, text=SENTENCES, pause_s=0.1)
    with program(address, owner) as client:
        message = begin(client)["message"]["id"]
        events = follow(client, message)
        names = [name for name, _, _ in events]
        assert names[0] == "state"
        assert names[-1] == "done"
        assert names.count("text") >= 2  # sentence by sentence
        done = events[-1][2]["message"]
        assert text_of(events) == done["text"]
        assert done["text"].startswith("It appends the item to the cart [1].")
        cited = [told for name, _, told in events if name == "citation"]
        assert [(one["number"], one["path"]) for one in cited] == [(1, "shop/cart.py")]
        # After each event the rest comes, and nothing twice.
        for at, (_, identifier, _) in enumerate(events[:-1]):
            rest = follow(client, message, identifier)
            before = text_of(events[: at + 1])
            assert text_of(rest, before) == done["text"]
            if len(before) == len(done["text"]):
                assert "text" not in [name for name, _, _ in rest]
        for wrong in ("x", "3-000000000000-1", "9999999-abcdefabcdef-9", "-1", "0" * 5000):
            anew = follow(client, message, wrong)
            assert text_of(anew) == done["text"]


def test_others_get_no_stream(
    address: str, owner: User, reader: User, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "Yes.")
    with program(address, reader) as client:
        hidden = client.get(f"/api/v1/messages/{message.pk}/events")
        absent = client.get("/api/v1/messages/00000000-0000-4000-8000-000000000000/events")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.content == absent.content


@pytest.mark.parametrize("road", ["revoked", "ungranted", "disabled"])
def test_a_running_stream_ends_with_the_access(
    road: str, address: str, shop: Any, owner: User, message_factory: MessageFactory
) -> None:
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    message = message_factory(owner, "It appends.", [cart], state=Message.State.WRITING)
    begun, client = threading.Event(), program(address, owner)
    events: list[Event] = []

    def read() -> None:
        path = f"/api/v1/messages/{message.pk}/events"
        with client, client.stream("GET", path) as answer:
            for event in events_of(answer.iter_lines()):
                events.append(event)
                begun.set()

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    assert begun.wait(10)
    started = time.monotonic()
    if road == "revoked":
        revoke_all(owner, by=owner)
    elif road == "ungranted":
        owner.groups.clear()
    else:
        User.objects.filter(pk=owner.pk).update(is_active=False)
    reading.join(10)
    assert not reading.is_alive()
    assert time.monotonic() - started < 10
    assert events[-1][0] == "error"
    assert events[-1][2]["status"] == 404
    assert ApiToken.objects.filter(user=owner).exists()


def test_a_wrong_answer_in_the_end_replaces_what_was_sent(
    address: str, owner: User, message_factory: MessageFactory
) -> None:
    """As when the model writes its answer again: what a reader has is not what holds."""
    message = message_factory(
        owner,
        "One. Two.",
        state=Message.State.WRITING,
        checks={"sentences": [{"at": [0, 5, 0], "verdict": "uncited", "made": 0, "struck": 0,
                               "missing": [], "cites": []}]},
    )  # fmt: skip
    seen: list[Event] = []
    client = program(address, owner)

    def read() -> None:
        with client:
            for event in following(client, str(message.pk)):
                seen.append(event)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    wait_until(lambda: [name for name, _, _ in seen if name == "text"])
    Message.objects.filter(pk=message.pk).update(text="Three.", checks={}, state="done")
    reading.join(10)
    texts = [told for name, _, told in seen if name == "text"]
    assert texts == [{"at": 0, "text": "One. "}, {"at": 0, "text": "Three."}]
