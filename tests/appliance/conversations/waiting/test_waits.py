"""What a waiting person is told: how many go before, about how long, and nothing else of others."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations import streams
from appliance.conversations.models import Message, ThreadShare
from appliance.conversations.waiting import claim_fairest
from appliance.conversations.waits import Wait, in_words, waits_of
from tests.appliance.conversations.test_streams import events_of
from tests.appliance.conversations.waiting.people import ask, ask_each, end, people

pytestmark = pytest.mark.services
database = pytest.mark.django_db


def took(seconds: float, *, times: int = 1) -> None:
    """Put down answers that took so long."""
    ended = ask_each(people(1, "past"), questions=times, state="done", begun_at=timezone.now())
    Message.objects.filter(pk__in=[one.pk for one in ended]).update(seconds=seconds)


def wait_of(answer: Message) -> Wait:
    return waits_of([answer.pk])[answer.pk]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, ""),
        (-1, ""),
        (0.2, "5 s"),
        (5, "5 s"),
        (17, "20 s"),
        (60, "60 s"),
        (61, "2 min"),
        (3600, "60 min"),
    ],
)
def test_a_length_of_time_is_told_roughly(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@database
def test_who_is_alone_waits_for_nobody() -> None:
    took(9)
    (answer,) = ask_each(people(1))
    assert wait_of(answer) == Wait(0, "")


@database
def test_a_newcomer_has_nothing_of_a_flood_before_them_but_what_is_being_written(
    settings: Settings,
) -> None:
    settings.ANSWERS_AT_ONCE = 4
    took(20, times=3)
    many, other, newcomer = people(3)
    flood = ask(many, 200)
    ask(other, 2)
    for _ in range(4):
        assert claim_fairest()
    (answer,) = ask(newcomer)
    assert wait_of(answer) == Wait(0, "5 s")  # one of four slots is free every five seconds
    assert wait_of(flood[2]) == Wait(1, "10 s")
    assert wait_of(flood[-1]) == Wait(198, "33 min")  # two slots are all that one person gets


@database
def test_without_a_past_no_time_is_told(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 1
    first, second = ask_each(people(2))
    assert claim_fairest() == first
    assert wait_of(second) == Wait(0, "")


@database
def test_the_line_is_the_order_in_which_answers_are_begun(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 100
    answers = []
    for person, questions in zip(people(5), (4, 1, 7, 2, 3), strict=True):
        answers += ask(person, questions)
    end(*ask_each(people(1), state="writing", begun_at=timezone.now()))
    waits = waits_of([answer.pk for answer in answers])
    told = sorted(answers, key=lambda answer: waits[answer.pk].before)
    assert sorted(wait.before for wait in waits.values()) == list(range(len(answers)))
    begun = [claim_fairest() for _ in answers]
    assert begun == told


@database
def test_only_what_waits_has_a_place() -> None:
    answers = [ask_each(people(1), state=state)[0] for state in ("done", "writing", "stopped")]
    assert waits_of([answer.pk for answer in answers]) == {}
    assert waits_of([]) == {}


@pytest.fixture
def fourth(owner: User, settings: Settings) -> Message:
    """The owner's answer, with three before it and one being written."""
    settings.ANSWERS_AT_ONCE = 1
    took(5)
    ask_each(people(4, "SECRET"), text="SECRET?")
    assert claim_fairest()
    (answer,) = ask(owner)
    return answer


@database
def test_the_page_tells_its_owner_the_place_in_the_line(
    owner: User, fourth: Message, client: Client
) -> None:
    client.force_login(owner)
    page = client.get(f"/threads/{fourth.thread_id}/").content.decode()
    assert "Waiting for its turn: 3 before you, about 20 s</p>" in page
    assert "SECRET" not in page


@database
def test_a_reader_of_the_thread_is_told_the_place_of_the_answer(
    owner: User, reader: User, fourth: Message, client: Client
) -> None:
    ThreadShare.objects.create(thread=fourth.thread, user=reader, created_by=owner)
    client.force_login(reader)
    page = client.get(f"/threads/{fourth.thread_id}/").content.decode()
    assert "Waiting for its turn: 3 before it, about 20 s</p>" in page


@database
def test_an_outsider_is_told_nothing(outsider: User, fourth: Message, client: Client) -> None:
    client.force_login(outsider)
    for path in (f"/threads/{fourth.thread_id}/", f"/messages/{fourth.pk}/events/"):
        response = client.get(path)
        assert response.status_code == 404
        assert b"before" not in response.content


@pytest.mark.django_db(transaction=True)
def test_the_stream_follows_the_line(
    owner: User, fourth: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "WAIT_S", 0.0)  # or the test would wait for seconds
    waiting = Message.objects.filter(state="queued").exclude(pk=fourth.pk)

    async def run() -> list[tuple[str, str]]:
        seen = []
        async for event in events_of(owner, fourth):
            seen.append(event)
            left = await waiting.afirst()
            if left is None:
                await Message.objects.filter(pk=fourth.pk).aupdate(state="stopped")
            else:
                await Message.objects.filter(pk=left.pk).aupdate(state="stopped")
        return seen

    events = async_to_sync(run)()
    told = [html.split("Waiting for its turn")[1].split("</p>")[0] for _, html in events[:-1]]
    assert told == [
        ": 3 before you, about 20 s",
        ": 2 before you, about 15 s",
        ": 1 before you, about 10 s",
        ", about 5 s",
    ]
    assert events[-1][0] == "done"


@pytest.mark.django_db(transaction=True)
def test_the_line_is_not_looked_at_with_every_look_of_a_stream(fourth: Message) -> None:
    line = streams._Line(fourth.pk)
    first = async_to_sync(line.wait_in)("queued")
    assert first is not None
    assert first.before == 3
    Message.objects.filter(state="queued").exclude(pk=fourth.pk).update(state="stopped")
    assert async_to_sync(line.wait_in)("queued") == first
    assert async_to_sync(line.wait_in)("searching") is None
