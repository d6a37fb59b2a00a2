"""While the model servers are full nothing is begun: it waits where turns are fair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from appliance.conversations import chatservers, waiting
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from appliance.conversations.waits import waits_of
from indexer import clients
from inference.fake_server import FakeServer, serving
from inference.testing import Mode, Script
from tests.appliance.conversations.waiting.people import ask, people
from tests.modelserver import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.services]

Servers = Callable[..., list[FakeServer]]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Collect what would be sent for later; the broker is the one part that is not here."""
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        answer_question, "apply_async", lambda ids, countdown: sent.append((*ids, countdown))
    )
    monkeypatch.setattr(waiting, "_next_look", float("-inf"))
    return sent


@pytest.fixture
def servers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """Serve the scripts, and let the product look each time."""
    monkeypatch.setattr(chatservers, "FRESH_S", -1)
    with ExitStack() as stack:

        def make(*scripts: Script) -> list[FakeServer]:
            made = [stack.enter_context(serving(script)) for script in scripts]
            settings.CHAT_URL = ",".join(server.url for server in made)
            clients.close()
            return made

        yield make
    clients.close()


FULL_CACHE = Script(cache_use=0.95)
FULL_LINE = Script(waiting=3)
EMPTY = Script(cache_use=0.2, waiting=1, running=4)


@pytest.mark.parametrize(
    ("scripts", "has_room"),
    [
        ([EMPTY], True),
        ([FULL_CACHE], False),
        ([FULL_LINE], False),
        ([FULL_CACHE, EMPTY], True),
        ([FULL_CACHE, FULL_LINE], False),
        ([Script(waiting=2, cache_use=0.899)], True),
        ([replace(FULL_CACHE, has_metrics=False)], True),  # it does not tell
        ([replace(FULL_CACHE, has_metrics=False), FULL_LINE], True),
        ([Script(mode=Mode.HTTP500), FULL_LINE], False),  # what is down has no room
        ([Script(mode=Mode.HTTP500)], True),  # an answer says so at once
    ],
)
def test_room_is_what_some_server_has(
    servers: Servers, scripts: list[Script], has_room: bool
) -> None:
    servers(*scripts)
    assert chatservers.has_room() is has_room


def test_without_a_model_nobody_waits_for_room(settings: Settings) -> None:
    settings.CHAT_URL = "none"
    clients.close()
    assert chatservers.has_room()


def test_an_address_that_cannot_be_used_leaves_it_to_the_answer(settings: Settings) -> None:
    settings.CHAT_URL = "gpu:8000"
    clients.close()
    assert chatservers.has_room()
    clients.close()


def test_the_limits_are_settings(servers: Servers, settings: Settings) -> None:
    servers(FULL_CACHE)
    settings.CHAT_CACHE_LIMIT_PERCENT = 96
    assert chatservers.has_room()
    settings.CHAT_WAITING_LIMIT = 0
    servers(Script(waiting=1))
    assert not chatservers.has_room()


def test_at_full_servers_an_answer_waits_and_is_looked_at_again(
    servers: Servers, sent: list[tuple[Any, ...]]
) -> None:
    [server] = servers(FULL_CACHE)
    [answer] = ask(people(1)[0])
    answer_question(str(answer.pk))
    answer.refresh_from_db()
    assert answer.state == Message.State.QUEUED
    assert sent == [(str(answer.pk), waiting.LOOK_AGAIN_S)]
    answer_question(str(answer.pk))  # of a hundred that wait, one looks
    assert len(sent) == 1
    server.model.script = replace(EMPTY, text="Nothing.")
    answer_question(str(answer.pk))
    answer.refresh_from_db()
    assert answer.state != Message.State.QUEUED
    assert len(sent) == 1


def test_when_nothing_waits_nobody_looks_again(
    servers: Servers, sent: list[tuple[Any, ...]]
) -> None:
    servers(FULL_CACHE)
    answer_question("00000000-0000-0000-0000-000000000000")
    assert sent == []


def test_who_waits_for_room_is_told_how_long(servers: Servers, settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 10
    [server] = servers(EMPTY)
    one, two, three = people(3)
    ask(one, 1, state="writing", begun_at=timezone.now())
    ask(one, 1, state="done", seconds=20.0, begun_at=timezone.now())
    [second], [third] = ask(two), ask(three)
    assert [wait.about for wait in waits_of([second.pk, third.pk]).values()] == ["", ""]
    server.model.script = FULL_LINE
    waits = waits_of([second.pk, third.pk])
    assert {(wait.before, wait.about) for wait in waits.values()} == {(0, "20 s"), (1, "40 s")}


def test_a_server_that_is_down_is_told_beside_one_that_works(
    servers: Servers, settings: Settings
) -> None:
    [server] = servers(EMPTY)
    down = f"http://127.0.0.1:{free_port()}"
    settings.CHAT_URL = f"{server.url},{down}"
    clients.close()
    first, second = chatservers.describe()
    assert (first.is_up, first.model, first.address) == (True, "fake", server.url)
    assert first.reading is not None
    assert (first.reading.running, first.reading.waiting) == (4, 1)
    assert (second.is_up, second.reading, second.address) == (False, None, down)
    assert second.problem


def test_speed_is_what_happened_between_two_looks(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    [server] = servers(EMPTY)
    monkeypatch.setattr(chatservers, "SPEED_OVER_S", 0)
    assert chatservers.look()[0].speed is None
    server.model.received += [{}, {}, {}]  # three answers of ten tokens, as the fake counts
    [state] = chatservers.look()
    assert state.speed is not None
    assert state.speed.tokens_per_s > 0
    assert state.speed.first_word_s == 0.5
