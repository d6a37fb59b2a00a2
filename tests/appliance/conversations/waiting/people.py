"""People with questions that wait, put down by the hundred."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread


def people(count: int, name: str = "person") -> list[User]:
    first = User.objects.count()
    return User.objects.bulk_create(
        User(username=f"{name}-{first + number}", password="!") for number in range(count)
    )


def ask(person: User, questions: int = 1, *, text: str = "How?", **fields: Any) -> list[Message]:
    """Put down questions of a person with answers that wait, each in a thread of its own."""
    threads = Thread.objects.bulk_create(
        Thread(owner=person, title=f"{text} {number}") for number in range(questions)
    )
    asked = Message.objects.bulk_create(
        Message(thread=thread, role="question", text=text) for thread in threads
    )
    given = {"state": "queued", **fields}
    return Message.objects.bulk_create(
        Message(thread=question.thread, parent=question, role="answer", **given)
        for question in asked
    )


def ask_each(of: Iterable[User], **fields: Any) -> list[Message]:
    return [answer for person in of for answer in ask(person, **fields)]


def end(*answers: Message) -> None:
    """End answers as if they had been written."""
    Message.objects.filter(pk__in=[answer.pk for answer in answers]).update(
        state="done", seconds=1.0
    )


def age(by: timedelta) -> None:
    """Let time go by for everything that was begun."""
    for answer in Message.objects.exclude(begun_at=None):
        assert answer.begun_at is not None
        Message.objects.filter(pk=answer.pk).update(begun_at=answer.begun_at - by)
