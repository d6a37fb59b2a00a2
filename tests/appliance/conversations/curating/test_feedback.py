"""Thumbs under an answer: who may, what is kept, hostile words."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.curating.giving import give_feedback
from appliance.conversations.models import Feedback, Message
from appliance.conversations.views.addresses import address_of
from appliance.sources.models import Grant
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

HTMX = {"HX-Request": "true"}


@pytest.fixture
def answer(owner: User, shop: Source, message_factory: MessageFactory) -> Message:
    return message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 8)])


def path_of(message: Message, rest: str = "") -> str:
    return f"/messages/{message.pk}/feedback/{rest}"


def test_an_answer_offers_feedback_to_its_owner(
    client: Client, owner: User, answer: Message
) -> None:
    client.force_login(owner)
    thread = client.get(f"/threads/{answer.thread_id}/").content.decode()
    assert f'hx-get="{path_of(answer)}"' in thread
    assert f'href="{path_of(answer)}"' in thread  # without JavaScript
    fragment = client.get(path_of(answer), headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert fragment.count('aria-pressed="false"') == 2
    whole = client.get(path_of(answer)).content.decode()
    assert "What do you think of this answer?" in whole


def test_it_is_given_changed_and_taken_back(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    response = client.post(path_of(answer), {"verdict": "good"})
    assert response.headers["Location"] == address_of(answer)
    assert Feedback.objects.get().is_good
    given = {"verdict": "bad", "reasons": ["slow", "wrong"], "comment": " No. "}
    fragment = client.post(path_of(answer), given, headers=HTMX).content.decode()
    feedback = Feedback.objects.get()
    assert (feedback.is_good, feedback.reasons, feedback.comment) == (
        False,
        ["wrong", "slow"],
        "No.",
    )
    assert feedback.person == owner
    assert "that is written down" in fragment
    assert 'value="slow" checked' in fragment
    client.post(path_of(answer, "remove/"), headers=HTMX)
    assert not Feedback.objects.exists()
    client.post(path_of(answer, "remove/"))  # twice is fine


def test_a_thumb_alone_leaves_the_words_as_they_are(
    client: Client, owner: User, answer: Message
) -> None:
    client.force_login(owner)
    client.post(path_of(answer), {"verdict": "bad", "reasons": ["wrong"], "comment": "No."})
    client.post(path_of(answer), {"verdict": "bad"})
    feedback = Feedback.objects.get()
    assert (feedback.reasons, feedback.comment) == (["wrong"], "No.")
    client.post(path_of(answer), {"verdict": "bad", "comment": ""})
    feedback.refresh_from_db()
    assert (feedback.reasons, feedback.comment) == ([], "")


def test_what_is_good_has_no_reasons(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    client.post(path_of(answer), {"verdict": "good", "reasons": ["slow"]})
    assert Feedback.objects.get().reasons == []


def test_who_may_not_read_the_answer_gets_404_as_if_it_did_not_exist(
    client: Client, reader: User, outsider: User, staff: User, answer: Message
) -> None:
    absent = f"/messages/{answer.thread_id}/feedback/"
    for person in (reader, outsider, staff):
        client.force_login(person)
        for path in (path_of(answer), absent):
            assert client.get(path).status_code == 404
            assert client.post(path, {"verdict": "bad"}).status_code == 404
        assert client.post(path_of(answer, "remove/")).status_code == 404
    assert not Feedback.objects.exists()
    client.logout()
    assert client.post(path_of(answer), {"verdict": "bad"}).status_code == 302


def test_a_sealed_or_unfinished_answer_and_a_question_take_none(
    client: Client, owner: User, answer: Message, message_factory: MessageFactory
) -> None:
    client.force_login(owner)
    writing = message_factory(owner, "Half", state=Message.State.WRITING)
    question = answer.parent
    assert question is not None
    for message in (writing, question):
        assert client.post(path_of(message), {"verdict": "good"}).status_code == 404
    Grant.objects.all().delete()
    assert client.get(path_of(answer)).status_code == 404
    assert client.post(path_of(answer), {"verdict": "good"}).status_code == 404


def test_one_person_has_one_opinion_of_an_answer(owner: User, answer: Message) -> None:
    for number in range(20):
        give_feedback(owner, answer, is_good=bool(number % 2))
    assert Feedback.objects.count() == 1
    with pytest.raises(IntegrityError):
        Feedback.objects.create(message=answer, person=owner, is_good=True)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"verdict": "maybe"},
        {"verdict": "bad", "reasons": ["nonsense"]},
        {"verdict": "bad", "comment": "x" * 2001},
        {"verdict": "bad", "comment": "a\0b"},
    ],
)
def test_what_is_not_offered_is_refused(
    given: dict[str, object], client: Client, owner: User, answer: Message
) -> None:
    client.force_login(owner)
    response = client.post(path_of(answer), given, headers=HTMX)
    assert response.status_code == 422
    assert not Feedback.objects.exists()


def test_hostile_comments_are_shown_as_text(client: Client, owner: User, answer: Message) -> None:
    client.force_login(owner)
    hostile = "</textarea><script>alert(1)</script>\u202e\u200b{{ 1|add:1 }}"
    client.post(path_of(answer), {"verdict": "bad", "comment": hostile})
    assert Feedback.objects.get().comment == "</textarea><script>alert(1)</script>{{ 1|add:1 }}"
    shown = client.get(path_of(answer)).content.decode()
    assert "<script>alert" not in shown
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)" in shown


def test_feedback_goes_with_its_answer_and_with_the_person(
    owner: User, reader: User, answer: Message
) -> None:
    give_feedback(owner, answer, is_good=True)
    give_feedback(reader, answer, is_good=False)
    reader.delete()
    assert Feedback.objects.count() == 1
    answer.thread.delete()
    assert not Feedback.objects.exists()
