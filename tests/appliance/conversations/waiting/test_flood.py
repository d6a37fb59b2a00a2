"""One person with two hundred questions, fifty with one each, and real workers with the fake model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations import tasks
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import FILES
from tests.appliance.conversations.waiting.people import ask, ask_each, people
from tests.conftest import SourceFactory
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

SLOTS = 8
OTHERS = 50
FLOOD = 200
ADD = "How does add_item add an item to the cart?"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the ids that would be sent; the broker is the one part that is not here."""
    ids: list[str] = []
    monkeypatch.setattr(answer_question, "delay", ids.append)
    return ids


@pytest.fixture(autouse=True)
def shop(source_factory: SourceFactory, models: FakeServer, settings: Settings) -> None:
    source_factory("shop", FILES)
    settings.ANSWERS_AT_ONCE = SLOTS
    settings.DOUBTS = settings.REPAIR_TIME_LIMIT_S = 0
    models.model.script = Script(mode=Mode.SLOW, text="It adds [E1]. " * 3, pause_s=0.02)


def readers(count: int) -> list[User]:
    group = Group.objects.get(name="readers")
    made = people(count)
    for person in made:
        person.groups.add(group)
    return made


def work(answer: Message) -> None:
    try:
        answer_question(str(answer.pk))
    finally:
        connection.close()


@contextmanager
def workers(answers: list[Message]) -> Iterator[Callable[[list[Message]], None]]:
    """Have a task worked on for each answer, in the order in which they were sent."""
    with ThreadPoolExecutor(SLOTS) as pool:

        def send(more: list[Message]) -> None:
            for answer in more:
                pool.submit(work, answer)

        send(answers)
        try:
            yield send
        finally:
            Message.objects.filter(state="queued").update(state="stopped")


def begun(of: list[Message]) -> list[Message]:
    """Return those that were begun, in order."""
    rows = Message.objects.filter(pk__in=[one.pk for one in of])
    return list(rows.exclude(begun_at=None).order_by("begun_at"))


def test_beside_a_flood_the_others_are_answered_as_on_an_idle_system() -> None:
    many, *others = readers(1 + OTHERS)
    flood = ask(many, FLOOD, text=ADD)
    with workers(flood) as send:
        wait_until(lambda: len(begun(flood)) >= SLOTS // 2)
        answers = ask_each(others, text=ADD)
        asked_at = max(answer.created_at for answer in answers)
        send(answers)
        wait_until(lambda: Message.objects.filter(thread__owner=many).exclude(text="").exists())
        wait_until(lambda: len(begun(answers)) == OTHERS)
        before_others = len(begun(flood))
        # The flood goes on as soon as nobody else waits.
        wait_until(lambda: len(begun(flood)) > before_others)
    in_order = begun(answers)
    assert in_order == answers  # on an idle system: the order in which they asked
    last = in_order[-1].begun_at
    assert last is not None
    between = [one for one in begun(flood) if one.begun_at and asked_at < one.begun_at < last]
    assert between == []
    ended = Message.objects.filter(pk__in=[answer.pk for answer in answers])
    assert set(ended.values_list("state", "error", "attempts")) == {("done", "", 1)}


def test_a_lone_person_is_answered_in_order_with_half_of_the_slots() -> None:
    (many,) = readers(1)
    flood = ask(many, 12, text=ADD)
    written: list[int] = []
    with workers(flood):
        while len(begun(flood)) < 12:
            being_written = Message.objects.filter(state__in=["searching", "writing"])
            written.append(being_written.count())
            time.sleep(0.02)
    assert begun(flood) == flood
    assert max(written) == SLOTS // 2


def test_one_task_is_enough_for_all_that_waits() -> None:
    answers = ask_each(readers(5), text=ADD)
    answer_question(str(answers[0].pk))
    assert not Message.objects.filter(state="queued").exists()


def test_a_worker_hands_on_after_a_while(monkeypatch: pytest.MonkeyPatch, sent: list[str]) -> None:
    monkeypatch.setattr(tasks, "AT_A_STRETCH_S", 0.0)  # or the test would wait for twenty seconds
    first, _ = ask_each(readers(2), text=ADD)
    answer_question(str(first.pk))
    assert Message.objects.filter(state="queued").count() == 1
    assert sent == [str(first.pk)]


def test_an_answer_that_breaks_leaves_the_others_to_another_task(
    monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    def broken(message: Message) -> None:
        raise ZeroDivisionError

    # No input is known that breaks the flow; this stands for the next one that does.
    monkeypatch.setattr("appliance.conversations.recording.record_answer", broken)
    first, second = ask_each(readers(2), text=ADD)
    with pytest.raises(ZeroDivisionError):
        answer_question(str(second.pk))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, sent) == ("failed", "queued", [str(second.pk)])
