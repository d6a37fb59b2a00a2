"""What a person does with threads: ask, stop, rename, delete."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread
from appliance.conversations.tasks import answer_question

logger = logging.getLogger(__name__)

TITLE_CHARACTERS = 80


def ask(
    user: User,
    question: str,
    *,
    thread: Thread | None = None,
    source_names: Sequence[str] = (),
) -> Message:
    """Write the question down and have it answered; return the answer that is to come."""
    question = question.strip()
    with transaction.atomic():
        if thread is None:
            thread = Thread.objects.create(owner=user, title=title_of(question))
        else:
            Thread.objects.filter(pk=thread.pk).update(updated_at=timezone.now())
        names = list(source_names)
        now = timezone.now()
        Message.objects.create(
            thread=thread,
            role=Message.Role.QUESTION,
            text=question,
            source_names=names,
            created_at=now,
        )
        answer = Message.objects.create(
            thread=thread,
            role=Message.Role.ANSWER,
            state=Message.State.QUEUED,
            source_names=names,
            created_at=now + timedelta(microseconds=1),
        )
        transaction.on_commit(partial(_publish, answer))
    return answer


def _publish(answer: Message) -> None:
    """Tell the broker; when it does not answer, the scheduler tells it half a minute later."""
    try:
        answer_question.delay(str(answer.pk))
    except answer_question.OperationalError as exc:
        logger.warning("message=%s the broker does not answer: %s", answer.pk, type(exc).__name__)


def title_of(question: str) -> str:
    """Return the first line of a question, cut at a word."""
    line = next((line.strip() for line in question.split("\n") if line.strip()), "Question")
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + " \u2026"


def stop(message: Message) -> None:
    """Ask whoever writes this answer to stop; a waiting one stops at once."""
    open_answers = Message.objects.filter(pk=message.pk)
    open_answers.update(stop_asked=True)
    open_answers.filter(state=Message.State.QUEUED).update(state=Message.State.STOPPED)


def rename_thread(thread: Thread, title: str) -> None:
    Thread.objects.filter(pk=thread.pk).update(title=title[:200])


def delete_thread(thread: Thread) -> None:
    """Delete a thread with its messages; an answer that is being written finds nothing to write to."""
    thread.delete()
