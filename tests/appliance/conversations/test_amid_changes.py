"""What changes under an answer while it is written: its source, its thread, what its owner does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from appliance.accounts.models import User
from appliance.conversations import asking, branching
from appliance.conversations.access import is_sealed
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from appliance.conversations.waiting import claim_fairest
from appliance.sources.access import scope_of
from appliance.sources.managing import remove
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

ADD = "How does add_item add an item to the cart?"
# Pauses longer than the test: only a hang-up ends such an answer.
SLOW = Script(mode=Mode.SLOW, text="It adds the item to the cart [E1]. " * 900, pause_s=0.05)


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    for road in ("delay", "delay_on_commit"):
        monkeypatch.setattr(answer_question, road, lambda *_given: None)
    monkeypatch.setattr("appliance.conversations.asking.send", lambda *_given, **_more: None)


@contextmanager
def beside(message: Message) -> Iterator[None]:
    """Write an answer in a thread of its own, as a worker does."""

    def run() -> None:
        try:
            answer_question(str(message.pk))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
        assert not thread.is_alive()


def now(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def wait_for(message: Message, reached: Callable[[Message], bool]) -> Message:
    return wait_until(
        lambda: next(filter(reached, [now(message)]), None), "that state of the answer"
    )


def test_an_answer_whose_source_is_removed_ends_and_is_sealed(
    owner: User, shop: Source, models: FakeServer
) -> None:
    models.model.script = SLOW
    message = asking.ask(owner, ADD)
    with beside(message):
        wait_for(message, lambda one: bool(one.checks.get("sentences")))
        remove(shop)
    ended = now(message)
    assert (ended.state, ended.error) == ("stopped", "")
    assert not ended.evidence_links.exists()
    assert is_sealed(ended, scope_of(owner))


def test_answering_again_while_the_first_is_written_leaves_both(
    owner: User, shop: Source, models: FakeServer
) -> None:
    models.model.script = SLOW
    first = asking.ask(owner, ADD)
    with beside(first):
        growing = wait_for(first, lambda one: bool(one.text))
        assert growing.parent is not None
        second = branching.answer_again(growing.parent, like=growing)
        claimed = claim_fairest()
        assert claimed is not None
        assert claimed.pk == second.pk
        assert now(first).state == "writing"
        asking.stop(second)
        asking.stop(first)
    assert now(first).state == "stopped"
    assert {one.pk for one in Message.objects.filter(parent=first.parent)} == {first.pk, second.pk}


def test_what_is_asked_right_after_a_stop_follows_on_what_was_written(
    owner: User, shop: Source, models: FakeServer
) -> None:
    models.model.script = SLOW
    first = asking.ask(owner, ADD)
    with beside(first):
        wait_for(first, lambda one: bool(one.checks.get("sentences")))
        asking.stop(first)
        second = asking.ask(owner, "And what does it return?", thread=first.thread, after=first)
    models.model.script = Script(text="It returns the cart [E1].")
    answer_question(str(second.pk))
    ended = now(second)
    assert (ended.state, ended.error) == ("done", "")
    said = [body["messages"] for body in models.model.received if body["path"].endswith("ions")][-1]
    assert any(one["role"] == "assistant" and "It adds" in one["content"] for one in said)
