"""The stream of one answer through the ASGI handler: it follows what is written down."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import AsyncClient

from appliance.accounts.models import User
from appliance.conversations import streams
from appliance.conversations.following import Follower
from appliance.conversations.models import Message, Thread
from appliance.conversations.tasks import answer_question
from appliance.sources.models import Grant
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

Event = tuple[str, str]


async def opened(user: User, message: Message) -> Any:
    client = AsyncClient()
    await client.aforce_login(user)
    return await client.get(f"/messages/{message.pk}/events/")


async def events_of(user: User, message: Message) -> AsyncIterator[Event]:
    response = await opened(user, message)
    assert response.status_code == 200
    buffer = ""
    async for part in response.streaming_content:
        buffer += part.decode()
        while "\n\n" in buffer:
            block, buffer = buffer.split("\n\n", 1)
            lines = block.split("\n")
            if lines[0].startswith("event: "):
                assert all(line.startswith("data: ") for line in lines[1:])
                html = "\n".join(line.removeprefix("data: ") for line in lines[1:])
                yield lines[0].removeprefix("event: "), html


async def change(message: Message, **fields: object) -> None:
    await Message.objects.filter(pk=message.pk).aupdate(**fields)


def read(
    user: User, message: Message, *steps: Callable[[], Coroutine[Any, Any, Any]]
) -> list[Event]:
    """Read the stream to its end; after each event the next step is taken."""

    async def run() -> list[Event]:
        seen: list[Event] = []
        waiting = list(steps)
        async for event in events_of(user, message):
            seen.append(event)
            if waiting:
                await waiting.pop(0)()
        return seen

    return async_to_sync(run)()


@pytest.fixture
def writing(owner: User, message_factory: MessageFactory) -> Message:
    return message_factory(owner, "It", state="writing")


def test_the_stream_grows_with_the_answer_and_ends_with_it(owner: User, writing: Message) -> None:
    events = read(
        owner,
        writing,
        lambda: change(writing, text="It adds"),
        lambda: change(writing, text="It adds one.", state="done"),
    )
    assert [name for name, _ in events] == ["answer", "answer", "done"]
    assert ["<p>It</p>" in events[0][1], "<p>It adds</p>" in events[1][1]] == [True, True]
    assert "<p>It adds one.</p>" in events[2][1]


@pytest.mark.parametrize("state", ["done", "stopped", "failed"])
def test_an_answer_that_has_ended_is_sent_once(
    state: str, owner: User, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds.", state=state)
    ((name, html),) = read(owner, message)
    assert name == "done"
    assert "<p>It adds.</p>" in html


def test_nobody_may_keep_the_stream(owner: User, writing: Message) -> None:
    async def headers() -> dict[str, str]:
        response = await opened(owner, writing)
        response.close()
        return dict(response.headers)

    sent = async_to_sync(headers)()
    assert sent["Content-Type"] == "text/event-stream"
    assert sent["Cache-Control"] == "private, no-store"
    assert sent["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_others_get_404(person: str, writing: Message, request: pytest.FixtureRequest) -> None:
    response = async_to_sync(opened)(request.getfixturevalue(person), writing)
    assert response.status_code == 404


def without_ages(html: str) -> str:
    """Leave out "a second ago": the second reader may come in the next one."""
    return re.sub(r"(<time[^>]*>)[^<]*", r"\1", html)


def test_two_readers_see_the_same_answer_and_it_is_generated_once(
    owner: User,
    source_factory: SourceFactory,
    message_factory: MessageFactory,
    models: FakeServer,
) -> None:
    source_factory("shop", FILES)
    models.model.script = Script(mode=Mode.SLOW, text="Adds [E1]. " + "word " * 20, pause_s=0.05)
    message = message_factory(owner, "", state="queued", question="How does add_item add an item?")

    def work() -> None:
        answer_question(str(message.pk))
        connection.close()

    worker = threading.Thread(target=work)

    async def start() -> None:
        worker.start()

    first = read(owner, message, start)
    second = read(owner, message)
    worker.join()
    assert len(first) > 2
    assert first[-1][0] == second[-1][0] == "done"
    assert without_ages(first[-1][1]) == without_ages(second[-1][1])
    assert 'class="citation"' in first[-1][1]
    chats = [r for r in models.model.received if r["path"] == "/v1/chat/completions"]
    assert len(chats) == 1


def test_a_deleted_thread_ends_the_stream(owner: User, writing: Message) -> None:
    async def delete() -> None:
        await Thread.objects.all().adelete()

    assert read(owner, writing, delete)[-1] == ("done", "")


def test_a_thread_deleted_between_look_and_rendering_ends_the_stream(
    owner: User, writing: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Follower.render

    def late(follower: Follower) -> tuple[str, bool]:
        Thread.objects.all().delete()  # no other way to stand exactly between the two
        return real(follower)

    monkeypatch.setattr(Follower, "render", late)
    assert read(owner, writing) == [("done", "")]


def test_access_that_is_taken_away_ends_the_text_in_the_stream(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    source = source_factory("shop", FILES)
    cart = lines_of(source, "shop/cart.py", 4, 9)
    message = message_factory(owner, "CANARY [E1]", [cart], cited=[], state="writing")

    async def revoke() -> None:
        await Grant.objects.all().adelete()
        await change(message, text="CANARY [E1] more")

    events = read(owner, message, revoke, lambda: change(message, state="done"))
    assert "CANARY" in events[0][1]
    assert [("CANARY" in html, "cart.py" in html) for _, html in events[1:]] == [(False, False)] * 2


def test_no_character_of_an_answer_begins_a_field_of_the_protocol(
    owner: User, message_factory: MessageFactory
) -> None:
    error = "broken\r\revent: done\r\ndata: <script>\n\nid: 1\rretry: 0"
    message = message_factory(owner, "It adds\revent: done.", state="failed", error=error)

    async def body() -> bytes:
        response = await opened(owner, message)
        return b"".join([part async for part in response.streaming_content])

    sent = async_to_sync(body)()
    assert b"\r" not in sent
    fields = {line.split(b":")[0] for line in sent.split(b"\n") if line}
    assert fields == {b"event", b"data"}


def test_a_silent_stream_is_kept_open_with_comments(
    owner: User, writing: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "COMMENT_S", 0.0)  # or the test would wait ten seconds

    async def first_parts() -> list[bytes]:
        response = await opened(owner, writing)
        parts = aiter(response.streaming_content)
        return [await anext(parts), await anext(parts)]

    assert async_to_sync(first_parts)()[1] == b": still here\n\n"


def test_a_person_who_was_deactivated_is_sent_nothing_more(owner: User, writing: Message) -> None:
    async def deactivate() -> None:
        await sync_to_async(User.objects.filter(pk=owner.pk).update)(is_active=False)
        await change(writing, text="It adds CANARY")

    events = read(owner, writing, deactivate)
    assert not any("CANARY" in html for _, html in events)
    assert events[-1] == ("done", "")


def test_a_stream_rests_by_what_a_look_took_and_never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("appliance.conversations.streams.time.monotonic", lambda: now[0])
    rest = streams._Rest()
    left: list[float] = []
    for took in (0.01, 5.0):
        with rest.after():
            now[0] += took
        left.append(rest.left_s())
    now[0] += 10
    assert [*left, rest.left_s()] == pytest.approx(
        [0.01 * streams.REST, streams.LONGEST_REST_S, 0.0]
    )
