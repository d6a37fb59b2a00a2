"""How many questions a person may ask within an hour, and what they are told then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations import asking, branching
from appliance.conversations.models import CountedQuestion, Message, Thread
from appliance.conversations.quotas import HOUR, HourIsFull, QuotaReached
from appliance.conversations.tasks import answer_question
from tests.appliance.conversations.conftest import MessageFactory
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HTMX = {"hx-request": "true"}
TOLD = "You have asked 2 questions within an hour, as many as one person may."


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_question, "delay", lambda message_id: None)


@pytest.fixture
def two_an_hour(settings: Settings) -> None:
    settings.QUESTIONS_PER_HOUR = 2


@pytest.fixture
def asked(owner: User, two_an_hour: None) -> Message:
    """The last question that the owner may ask within this hour."""
    asking.ask(owner, "One?")
    return asking.ask(owner, "Two?")


def test_without_a_number_nobody_is_counted(owner: User) -> None:
    for number in range(30):
        asking.ask(owner, f"Question {number}?")
    assert not CountedQuestion.objects.exists()


def test_one_question_too_many_is_refused_and_not_written_down(owner: User, asked: Message) -> None:
    with pytest.raises(QuotaReached) as refused:
        asking.ask(owner, "Three?")
    assert Thread.objects.count() == 2
    first = CountedQuestion.objects.earliest("at")
    assert refused.value.again_at == first.at + HOUR
    assert refused.value.sentence.startswith(f"{TOLD} You can go on in 60 minutes, at ")
    assert 3590 < refused.value.seconds <= 3600


def test_the_sentence_tells_the_minute_and_speaks_of_one(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    again_at = timezone.now() + timedelta(seconds=30)
    reached = HourIsFull(1, again_at)
    clock = timezone.localtime(again_at + timedelta(minutes=1)).strftime("%H:%M")
    assert "1 question within" in reached.sentence
    assert f"in 1 minute, at {clock} " in reached.sentence


def test_an_hour_later_the_person_goes_on(owner: User, asked: Message) -> None:
    first = CountedQuestion.objects.earliest("at")
    CountedQuestion.objects.filter(pk=first.pk).update(at=first.at - HOUR)
    asking.ask(owner, "Three?")
    with pytest.raises(QuotaReached):
        asking.ask(owner, "Four?")
    assert CountedQuestion.objects.count() == 2  # what does not count any more is forgotten


def test_deleting_threads_gives_no_questions_back(owner: User, asked: Message) -> None:
    Thread.objects.all().delete()
    with pytest.raises(QuotaReached):
        asking.ask(owner, "Three?")


def test_asking_again_counts_as_asking(owner: User, asked: Message) -> None:
    assert asked.parent is not None
    with pytest.raises(QuotaReached):
        branching.answer_again(asked.parent, like=asked)
    assert Message.objects.filter(role="answer").count() == 2


def test_each_person_is_counted_alone(reader: User, asked: Message) -> None:
    assert asking.ask(reader, "One?").state == "queued"


def test_a_person_who_leaves_takes_the_count_along(owner: User, asked: Message) -> None:
    owner.delete()
    assert not CountedQuestion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_that_are_asked_at_the_same_moment_only_so_many_are_taken(
    owner: User, two_an_hour: None
) -> None:
    def ask(number: int) -> bool:
        try:
            asking.ask(owner, f"Question {number}?")
        except QuotaReached:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 2
    assert Thread.objects.count() == 2


def test_the_first_page_keeps_the_question_and_tells_when(
    owner: User, asked: Message, client: Client, source_factory: SourceFactory
) -> None:
    source_factory("shop", {"README.md": "# Shop"})
    client.force_login(owner)
    response = client.post("/", {"question": "<script>alert(1)</script> three?"})
    page = response.content.decode()
    assert response.status_code == 429
    assert 3590 < int(response.headers["Retry-After"]) <= 3600
    assert f'role="alert">{TOLD}' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; three?</textarea>" in page
    assert "<script>alert" not in page


def test_a_follow_up_without_htmx_keeps_the_page(
    owner: User, asked: Message, client: Client
) -> None:
    client.force_login(owner)
    response = client.post(f"/threads/{asked.thread_id}/ask/", {"question": "And then?"})
    page = response.content.decode()
    assert response.status_code == 429
    assert TOLD in page
    assert "And then?</textarea>" in page
    assert asked.thread.messages.count() == 2


def test_a_follow_up_with_htmx_gets_the_sentence_below_the_form(
    owner: User, asked: Message, client: Client
) -> None:
    client.force_login(owner)
    page = client.get(f"/threads/{asked.thread_id}/").content.decode()
    response = client.post(f"/threads/{asked.thread_id}/ask/", {"question": "And?"}, headers=HTMX)
    assert response.status_code == 429
    assert response.headers["HX-Retarget"] == "#composer-refused"
    assert '<div id="composer-refused"></div>' in page
    assert '{"code": "429", "swap": true}' in page
    assert response.content.decode().startswith(f'<p class="errors small" role="alert">{TOLD}')


@pytest.mark.parametrize("path", ["/messages/{}/again/", "/changed/{}/again/"])
def test_asking_again_leads_back_with_the_sentence(
    path: str, owner: User, asked: Message, client: Client, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds.")
    client.force_login(owner)
    response = client.post(path.format(message.pk), follow=True)
    assert response.redirect_chain[0][0].startswith(f"/threads/{message.thread_id}/?at=")
    assert TOLD in response.content.decode()
    assert message.thread.messages.count() == 2


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_others_get_404_whatever_was_counted(
    person: str, asked: Message, client: Client, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    for path in (f"/threads/{asked.thread_id}/ask/", f"/messages/{asked.pk}/again/"):
        response = client.post(path, {"question": "Three?"})
        assert response.status_code == 404
        assert b"an hour" not in response.content
