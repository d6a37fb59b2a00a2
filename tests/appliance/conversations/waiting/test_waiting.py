"""Whose waiting answer is begun next, by how many workers whatever they do at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as checking
from hypothesis import strategies as st
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations import asking, rescuing, waiting
from appliance.conversations.models import Message
from appliance.conversations.waiting import CLAIM, LATELY, chat_behind_people, chat_for
from indexer import clients
from inference.fake_server import FakeServer
from tests.appliance.conversations.waiting.people import age, ask, ask_each, end, people

pytestmark = pytest.mark.services
database = pytest.mark.django_db
of_threads = pytest.mark.django_db(transaction=True)


def claim() -> Message:
    message = waiting.claim_fairest()
    assert message is not None
    return message


def owners(messages: Iterable[Message]) -> list[int]:
    return [message.thread.owner_id for message in messages]


def at_once(work: Callable[[], list[Message]], workers: int = 8) -> list[Message]:
    """Run the work in so many threads at the same time; return what all of them got."""

    def worked(_: int) -> list[Message]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '10s'")
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return [message for got in pool.map(worked, range(workers)) for message in got]


def claim_all() -> list[Message]:
    """Claim as long as there is something to claim, ending nothing."""
    got = []
    while (message := waiting.claim_fairest()) is not None:
        got.append(message)
    return got


@database
def test_the_claimed_answer_is_taken_with_its_owner_and_fence() -> None:
    (person,) = people(1)
    (answer,) = ask(person)
    claimed = claim()
    assert (claimed.pk, claimed.state, claimed.attempts) == (answer.pk, "searching", 1)
    assert claimed.begun_at == claimed.touched_at > answer.touched_at
    assert claimed.thread.owner == person
    assert waiting.claim_fairest() is None


@database
def test_ones_own_questions_are_answered_in_the_order_asked() -> None:
    (person,) = people(1)
    answers = ask(person, 3)
    assert [claim().pk for _ in answers] == [answer.pk for answer in answers]


@database
def test_who_has_nothing_being_written_goes_before_who_has() -> None:
    many, one = people(2)
    ask(many, 5)
    assert owners([claim(), claim()]) == [many.pk, many.pk]
    ask(one)
    assert owners([claim(), claim()]) == [one.pk, many.pk]


@database
def test_who_had_fewer_begun_lately_goes_first_when_nothing_is_being_written() -> None:
    many, one = people(2)
    end(*ask(many, 3, state="writing", begun_at=timezone.now()))
    ask(many)
    ask(one)
    assert owners([claim(), claim()]) == [one.pk, many.pk]


@database
def test_what_was_begun_long_ago_is_forgiven() -> None:
    many, one = people(2)
    end(*ask(many, 3, state="writing", begun_at=timezone.now() - LATELY - timedelta(seconds=1)))
    ask(many)
    ask(one)
    assert owners([claim(), claim()]) == [many.pk, one.pk]


@database
def test_one_person_holds_half_of_the_slots_and_no_more(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 7
    many, one = people(2)
    ask(many, 20)
    assert len(claim_all()) == 3
    ask(one)
    assert owners(claim_all()) == [one.pk]


@database
@pytest.mark.parametrize(("slots", "share"), [(1, 1), (2, 1), (3, 1), (4, 2), (24, 12)])
def test_the_share_is_half_and_at_least_one(slots: int, share: int, settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = slots
    assert waiting.share() == share
    ask_each(people(1), questions=slots)
    assert len(claim_all()) == share


@database
def test_no_more_than_the_slots_are_written_at_a_time(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 4
    ask_each(people(10))
    first = claim_all()
    assert len(first) == 4
    end(first[0])
    assert len(claim_all()) == 1


@database
@pytest.mark.parametrize("state", ["stopped", "done", "failed", "searching", "writing"])
def test_only_waiting_answers_are_begun(state: str) -> None:
    ask_each(people(1), state=state)
    assert waiting.claim_fairest() is None


@database
def test_a_stopped_answer_leaves_the_line() -> None:
    first, second = ask_each(people(2))
    asking.stop(first)
    assert claim_all() == [second]


@database
def test_a_dead_workers_slot_is_free_again_and_nothing_waits_for_ever(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 1
    dead, left = ask_each(people(2))
    assert claim() == dead
    assert waiting.claim_fairest() is None
    long_ago = timezone.now() - rescuing.DEAD - timedelta(seconds=1)
    Message.objects.update(touched_at=long_ago)
    assert rescuing.rescue() == [str(left.pk)]
    assert claim() == left


@of_threads
def test_a_row_that_somebody_else_holds_is_passed_over() -> None:
    """A claim holds everybody's lock: it must not stand still before one row."""
    held, free = ask_each(people(2))
    with transaction.atomic():
        Message.objects.select_for_update(no_key=True).get(pk=held.pk)
        assert at_once(claim_all, workers=1) == [free]
    assert claim() == held


@of_threads
def test_a_follow_up_that_is_being_asked_keeps_nothing_waiting() -> None:
    (answer,) = ask_each(people(1))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at the end of the transaction
        Message.objects.create(thread=answer.thread, parent=answer, role="question", text="And?")
        assert at_once(claim_all, workers=1) == [answer]


@of_threads
def test_an_answer_is_never_taken_twice(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 1000
    answers = ask_each(people(6), questions=10)
    taken = at_once(claim_all)
    assert sorted(message.pk for message in taken) == sorted(answer.pk for answer in answers)
    assert set(Message.objects.filter(role="answer").values_list("attempts", flat=True)) == {1}


@of_threads
def test_workers_that_claim_at_the_same_moment_keep_to_slots_and_share(settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 10
    many, *others = people(4)
    ask(many, 30)
    assert len(at_once(claim_all)) == 5
    ask_each(others, questions=10)
    got = Counter(owners(at_once(claim_all)))
    assert sum(got.values()) == 5
    assert max(got.values()) <= 2  # of three people who have nothing yet
    assert many.pk not in got


PERSONS = st.integers(0, 3)
HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), PERSONS),
        st.tuples(st.just("claim"), st.just(0)),
        st.tuples(st.just("end"), PERSONS),
        st.tuples(st.just("age"), st.just(0)),
    ),
    max_size=25,
)


def being_written() -> list[Message]:
    open_ones = Message.objects.filter(state__in=waiting.BEING_WRITTEN)
    return list(open_ones.select_related("thread").order_by("begun_at"))


def happen(history: list[tuple[str, int]], persons: list[User]) -> None:
    for what, number in history:
        if what == "ask":
            ask(persons[number])
        elif what == "claim":
            waiting.claim_fairest()
        elif what == "age":
            age(LATELY / 2)
        else:
            end(*[m for m in being_written() if m.thread.owner_id == persons[number].pk][:1])
        written = Counter(owners(being_written()))
        assert sum(written.values()) <= waiting.slots()
        assert max(written.values(), default=0) <= waiting.share()


@of_threads
@checking(max_examples=25, deadline=None)
@given(HISTORIES, st.integers(1, 5))
def test_whatever_happened_all_that_waits_is_begun_in_as_many_claims(
    history: list[tuple[str, int]], slots: int
) -> None:
    User.objects.all().delete()
    with override_settings(ANSWERS_AT_ONCE=slots):
        happen(history, people(4))
        end(*being_written())
        for _ in range(Message.objects.filter(state="queued").count()):
            end(claim())
    assert not Message.objects.filter(state="queued").exists()


@of_threads
@checking(max_examples=25, deadline=None)
@given(HISTORIES)
def test_no_answer_starves_though_somebody_new_asks_before_every_claim(
    history: list[tuple[str, int]],
) -> None:
    """Once its person's own answers have ended and time has gone by, only those who waited longer
    go before it."""
    User.objects.all().delete()
    with override_settings(ANSWERS_AT_ONCE=2):
        victim, *others = people(4)
        happen(history, [victim, *others])
        end(*being_written())
        age(LATELY)
        (answer,) = ask(victim)
        longest = Message.objects.filter(state="queued").count()
        claimed: list[Message] = []
        while answer not in claimed:
            assert len(claimed) < longest * (longest + 1)
            ask_each(people(1, "new"))
            claimed.append(claim())
            end(claimed[-1])
            age(LATELY)
    # Everybody who waits was there before the victim's last: nobody new came in between.
    assert len(claimed) <= longest


@database
def test_the_claim_looks_at_a_few_rows_among_all_that_were_written() -> None:
    ended = timezone.now() - timedelta(days=3)
    ask_each(people(1), questions=3000, state="done", begun_at=ended)
    ask_each(people(3), questions=2)
    limits: dict[str, Any] = {
        "now": timezone.now(),
        "since": timezone.now() - LATELY,
        "share": 12,
        "slots": 24,
    }
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_message, conversations_thread")
        cursor.execute(f"EXPLAIN {CLAIM}", limits)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "open_answers" in plan
    assert "begun_answers" in plan
    assert "Seq Scan on conversations_message" not in plan


@pytest.fixture
def with_priorities(settings: Settings, models: FakeServer) -> FakeServer:
    settings.CHAT_PRIORITIES = True
    clients.close()
    return models


@database
def test_a_persons_first_answer_is_most_urgent_and_each_more_is_less(
    with_priorities: FakeServer,
) -> None:
    many, one = people(2)
    ask(many, 3)
    ask(one)
    claimed = claim_all()
    assert owners(claimed) == [many.pk, one.pk, many.pk, many.pk]
    assert [chat_for(message).priority for message in claimed] == [0, 0, 1, 2]


@database
def test_no_answer_of_a_person_comes_behind_what_nobody_waits_for(
    with_priorities: FakeServer,
) -> None:
    ask_each(people(1), questions=12)
    assert chat_for(claim_all()[-1]).priority == 9
    assert chat_behind_people().priority == 10


@database
def test_a_server_without_priorities_is_sent_none(models: FakeServer) -> None:
    ask_each(people(1), questions=3)
    assert {chat_for(message).has_priorities for message in claim_all()} == {False}
