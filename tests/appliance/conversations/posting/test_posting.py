"""News of answers at their owner's webhook: once, as wished, and never words or code."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.conversations.living.looking import look_around
from appliance.conversations.models import AnswerNews, ChangedAnswer, Message
from appliance.conversations.posting import noticing
from appliance.conversations.posting.sending import tell_webhooks
from appliance.conversations.tasks import tell_of_answers
from appliance.sources.hooks.gitlab import is_signed
from appliance.sources.models import Grant, WebhookTarget
from appliance.sources.saved import sending
from appliance.sources.saved.targets import remove_target, set_target
from appliance.sources.saved.targets import tell_of_answers as wish
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.appliance.conversations.living.changing import INSIDE, change
from tests.appliance.sources.saved.conftest import Receiver
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


@pytest.fixture
def secret(owner: User, receiver: Receiver) -> str:
    """The owner's webhook, which is told of all that becomes of answers."""
    secret = set_target(owner, receiver.url)
    wish(owner, ended=True, changed=True)
    return secret


@pytest.fixture
def answer(owner: User, shop: Source, secret: str, message_factory: MessageFactory) -> Message:
    lines = lines_of(shop, "shop/cart.py", 4, 9)
    return message_factory(owner, "A canary of words [E1].", [lines], question="A canary asked?")


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.got]


def test_an_answer_that_ended_is_told_once(
    answer: Message,
    secret: str,
    receiver: Receiver,
    settings: Settings,
) -> None:
    settings.ADDRESS = "https://plumbline.example.com"
    tell_of_answers()
    [(headers, body)] = receiver.got
    assert is_signed(headers, body, secret)
    sent = json.loads(body)
    assert sent["type"] == "answer.ended"
    assert sent["data"] == {
        "answer": {
            "id": str(answer.pk), "thread": str(answer.thread_id), "state": "done", "found": True,
        },
        "url": f"https://plumbline.example.com/threads/{answer.thread_id}/?at={answer.pk}#message-{answer.pk}",
    }  # fmt: skip
    assert b"canary" not in body
    assert tell_webhooks() == 0
    event = Event.objects.get(action="answer.told")
    assert (event.object_id, event.details["news"]) == (str(answer.pk), "ended")


def test_lines_that_changed_are_told_once_for_each_change(
    answer: Message,
    owner: User,
    shop: Source,
    repository: Repository,
    receiver: Receiver,
) -> None:
    wish(owner, ended=False, changed=True)
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    assert tell_webhooks() == 1
    [sent] = told(receiver)
    assert (sent["type"], sent["data"]["stale"]) == ("answer.changed", 1)
    assert sent["data"]["answer"]["id"] == str(answer.pk)
    assert tell_webhooks() == 0
    ChangedAnswer.objects.update(changed_at=timezone.now())
    assert tell_webhooks() == 1


def test_nothing_is_told_unless_it_is_wished_for(
    answer: Message,
    owner: User,
    receiver: Receiver,
    message_factory: MessageFactory,
) -> None:
    wish(owner, ended=False, changed=False)
    assert tell_webhooks() == 0
    wish(owner, ended=True, changed=False)  # what was before is no news
    assert tell_webhooks() == 0
    message_factory(owner, "Still being written", state=Message.State.WRITING)
    message_factory(owner, "Ended")
    assert tell_webhooks() == 1
    assert receiver.got


def test_copies_others_and_old_answers_are_no_news(
    secret: str, owner: User, reader: User, message_factory: MessageFactory
) -> None:
    copied = message_factory(owner, "Copied from somebody else's thread")
    copied.receipt = {"copied": True}
    copied.save()
    message_factory(reader, "Of somebody without a webhook")
    WebhookTarget.objects.update(answers_since=timezone.now() - 9 * noticing.NEWS)
    old = message_factory(owner, "Old")
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - 2 * noticing.NEWS)
    assert tell_webhooks() == 0


@pytest.mark.parametrize("why", ["left", "no access", "no webhook", "not wished any more", "read"])
def test_what_may_not_be_told_any_more_is_not_sent(
    why: str,
    answer: Message,
    owner: User,
    receiver: Receiver,
) -> None:
    noticing.notice()
    if why == "left":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    elif why == "no access":
        Grant.objects.all().delete()
    elif why == "no webhook":
        remove_target(owner)
    elif why == "read":  # a change that is none any more
        AnswerNews.objects.update(kind="changed")
        WebhookTarget.objects.update(answers_since=None)
    else:
        wish(owner, ended=False, changed=True)
    assert tell_webhooks() == 0
    assert receiver.got == []
    assert AnswerNews.objects.get().state == "dropped"


def test_what_is_not_taken_is_tried_again_and_said_on_the_page(
    answer: Message,
    owner: User,
    receiver: Receiver,
    client: Client,
) -> None:
    receiver.status = 500
    client.force_login(owner)
    assert tell_webhooks() == 0
    assert AnswerNews.objects.get().state == "waiting"
    assert b"localhost answered with the status 500" in client.get("/searches/").content
    receiver.status = 204
    AnswerNews.objects.update(due_at=timezone.now())
    assert tell_webhooks() == 1
    assert b"answered with the status" not in client.get("/searches/").content
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_it_gives_up_in_the_end(answer: Message, receiver: Receiver) -> None:
    receiver.status = 503
    noticing.notice()
    AnswerNews.objects.update(attempts=sending.MOST_ATTEMPTS - 1)
    tell_webhooks()
    assert AnswerNews.objects.get().state == "failed"


def test_more_than_an_hour_takes_waits_and_is_not_lost(
    secret: str, owner: User, message_factory: MessageFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noticing, "MOST_AN_HOUR", 2)
    for number in range(3):
        message_factory(owner, f"Answer {number}")
    assert [tell_webhooks(), tell_webhooks()] == [2, 0]
    AnswerNews.objects.update(made_at=timezone.now() - timedelta(hours=2))
    assert tell_webhooks() == 1


def test_what_was_told_is_forgotten_when_it_is_no_news_any_more(answer: Message) -> None:
    tell_webhooks()
    AnswerNews.objects.update(at=timezone.now() - 2 * noticing.KEPT)
    Message.objects.filter(pk=answer.pk).update(created_at=timezone.now() - noticing.KEPT)
    assert tell_webhooks() == 0
    assert not AnswerNews.objects.exists()


def test_without_allowed_hosts_nothing_is_looked_at(answer: Message, settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = []
    assert tell_webhooks() == 0
    assert not AnswerNews.objects.exists()


def test_the_page_keeps_the_wish_of_its_owner_alone(
    client: Client,
    owner: User,
    reader: User,
    receiver: Receiver,
) -> None:
    set_target(owner, receiver.url)
    client.force_login(reader)
    client.post("/searches/webhook/answers/", {"ended": "on"})
    assert WebhookTarget.objects.get().answers_since is None
    client.force_login(owner)
    client.post("/searches/webhook/answers/", {"ended": "on", "odd": "\x00"})
    target = WebhookTarget.objects.get()
    assert (target.answers_since is None, target.changes_since) == (False, None)
    page = client.get("/searches/").content.decode()
    assert '<input type="checkbox" name="ended" checked>' in page
    client.post("/searches/webhook/answers/", {"ended": "on", "changed": "on"})
    again = WebhookTarget.objects.get()
    assert again.answers_since == target.answers_since  # saving once more loses no news
    done = Event.objects.filter(action="alert.changed").order_by("pk")
    assert [one.details["webhook"] for one in done] == [
        "set", "answers: ended", "answers: ended, changed",
    ]  # fmt: skip
