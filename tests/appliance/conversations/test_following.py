"""Following an answer: few queries while it grows, and access decided at every look."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import User
from appliance.conversations.answering.steps import Kind, Step
from appliance.conversations.following import Follower
from appliance.conversations.models import Message, ThreadShare
from appliance.sources.models import Grant
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def writing(owner: User, source_factory: SourceFactory, message_factory: MessageFactory) -> Message:
    cart = lines_of(source_factory("shop", FILES), "shop/cart.py", 4, 9)
    return message_factory(owner, "It adds [E1]", [cart], cited=[], state="writing")


def change(message: Message, **fields: object) -> None:
    Message.objects.filter(pk=message.pk).update(**fields)


def test_a_growing_answer_costs_three_queries_a_look(owner: User, writing: Message) -> None:
    follower = Follower(owner.pk, writing.pk, "token")
    first, _ = follower.render()
    change(writing, text="It adds [E1] more")
    with CaptureQueriesContext(connection) as queries:
        second, is_open = follower.render()
    assert len(queries) == 3  # answer, emergency access, grants
    assert is_open
    assert ("more" in first, "more" in second) == (False, True)
    assert 'class="citation"' in second


def test_access_that_ends_between_two_looks_ends_the_text(owner: User, writing: Message) -> None:
    follower = Follower(owner.pk, writing.pk, "token")
    assert "It adds" in follower.render()[0]
    Grant.objects.all().delete()
    html, _ = follower.render()
    assert "Sealed" in html
    assert "It adds" not in html


def test_an_answer_that_another_worker_took_up_is_read_anew(owner: User, writing: Message) -> None:
    follower = Follower(owner.pk, writing.pk, "token")
    follower.render()
    change(writing, attempts=2, text="Anew", state="searching")
    html, _ = follower.render()
    assert "Searching" in html
    change(writing, text="Anew [E1]", state="done")
    html, is_open = follower.render()
    assert "Anew" in html
    assert not is_open


def test_who_lost_the_thread_is_told_nothing(
    owner: User, reader: User, outsider: User, writing: Message
) -> None:
    with pytest.raises(Http404):
        Follower(outsider.pk, writing.pk, "token").render()
    share = ThreadShare.objects.create(thread=writing.thread, user=reader, created_by=owner)
    follower = Follower(reader.pk, writing.pk, "token")
    assert "It adds" in follower.render()[0]
    share.delete()
    with pytest.raises(Http404):
        follower.render()


def test_an_owner_who_is_locked_out_between_two_looks_is_told_nothing(
    owner: User, writing: Message
) -> None:
    follower = Follower(owner.pk, writing.pk, "token")
    follower.render()
    User.objects.filter(pk=owner.pk).update(is_active=False)
    change(writing, text="It adds CANARY")
    with pytest.raises((User.DoesNotExist, Message.DoesNotExist)):
        follower.render()


def test_a_step_that_is_taken_while_words_stand_there_is_shown(
    owner: User, writing: Message
) -> None:
    follower = Follower(owner.pk, writing.pk, "token")
    assert "Check the change" not in follower.render()[0]
    step = Step(1, Kind.PATCH, "Check the change", is_running=True)
    change(writing, steps=[step.to_json()])
    html = follower.render()[0]
    assert '<summary><span class="step is-running">' in html  # folded, and yet it is seen
    assert "Check the change" in html


def test_a_thread_that_is_deleted_between_two_looks_is_gone(owner: User, writing: Message) -> None:
    follower = Follower(owner.pk, writing.pk, "token")
    follower.render()
    writing.thread.delete()
    with pytest.raises(Message.DoesNotExist):
        follower.render()
