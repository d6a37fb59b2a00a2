"""What changes under an answer while it is written: its source, its thread, what its owner does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from appliance.accounts.models import User
from appliance.conversations import asking, branching, recording
from appliance.conversations.access import is_sealed
from appliance.conversations.answering import writing
from appliance.conversations.checking import finishing
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
    for module in ("asking", "tasks"):
        send = f"appliance.conversations.{module}.send"
        monkeypatch.setattr(send, lambda *_given, **_more: None)
    # A worker that has ended an answer does not go on with the next.
    monkeypatch.setattr("appliance.conversations.tasks.AT_A_STRETCH_S", 0.0)


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
    asked: list[Any] = [one["messages"] for one in models.model.received if "messages" in one]
    before = [one["content"] for one in asked[-1] if one["role"] == "assistant"]
    assert any("It adds" in content for content in before)


def test_the_last_words_are_there_before_the_checks_begin(
    owner: User, shop: Source, models: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checks may ask the model, and nobody should wait for that to read the end."""
    said = "It adds the item to the cart [E1]. And then it returns"
    models.model.script = Script(text=said)
    message = asking.ask(owner, ADD)
    there: list[tuple[str, int]] = []
    checked = finishing.checked

    def looked_at(*given: Any) -> Any:
        one = now(message)
        there.append((one.text, len(one.checks["sentences"])))
        return checked(*given)

    monkeypatch.setattr(writing, "checked", looked_at)
    answer_question(str(message.pk))
    assert there == [(said, 2)]


def test_the_first_words_and_the_end_ring_loudly_and_nothing_else(
    owner: User, shop: Source, models: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.model.script = Script(
        mode=Mode.SLOW, text="It adds the item to the cart [E1]. " * 12, pause_s=0.01
    )
    rung: list[tuple[bool, bool, str]] = []

    def ring(message_id: UUID, *, loudly: bool = False) -> None:
        one = now(message)
        rung.append((loudly, bool(one.text), one.state))

    message = asking.ask(owner, ADD)
    monkeypatch.setattr(recording, "ring", ring)
    answer_question(str(message.pk))
    loud = [(has_text, state) for loudly, has_text, state in rung if loudly]
    assert loud == [(True, "writing"), (True, "writing"), (True, "done")]
    assert any(has_text and not loudly for loudly, has_text, _ in rung)
    assert rung.index((True, True, "writing")) == next(
        at for at, (_, has_text, _state) in enumerate(rung) if has_text
    )


def test_a_worker_that_was_thought_dead_withholds_nothing_of_who_took_its_answer_up(
    owner: User, shop: Source
) -> None:
    message = asking.ask(owner, ADD)
    answer_question(str(message.pk))
    whole = Message.objects.get(pk=message.pk)
    before = whole.evidence_links.count()
    assert before
    recording._withhold(message)  # as it was before anybody took it
    assert Message.objects.get(pk=message.pk).text == whole.text
    assert whole.evidence_links.count() == before
