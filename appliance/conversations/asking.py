"""What a person does with threads: ask, stop, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from appliance.common.queueing import send
from appliance.conversations.models import Message, Thread
from appliance.conversations.modes import Mode
from appliance.conversations.paths import latest_answer
from appliance.conversations.tasks import answer_question
from appliance.conversations.wanted import NOTHING_WANTED, Wanted

TITLE_CHARACTERS = 80


def ask(
    user: User,
    question: str,
    *,
    thread: Thread | None = None,
    after: Message | None = None,
    source_names: Sequence[str] = (),
    ref: str = "",
    mode: Mode = Mode.ANSWER,
) -> Message:
    """Write the question down and have it answered; return the answer that is to come.

    In a thread it follows on `after`, an answer of it; without one, on the latest answer.
    """
    question = question.strip()
    with transaction.atomic():
        if thread is None:
            thread = Thread.objects.create(owner=user, title=title_of(question))
        else:
            Thread.objects.filter(pk=thread.pk).update(updated_at=timezone.now())
            after = after or latest_answer(thread)
        names = list(source_names)
        now = timezone.now()
        asked = Message.objects.create(
            thread=thread,
            parent=after,
            role=Message.Role.QUESTION,
            text=question,
            source_names=names,
            ref=ref,
            mode=mode,
            created_at=now,
        )
        answer = Message.objects.create(
            thread=thread,
            parent=asked,
            role=Message.Role.ANSWER,
            state=Message.State.QUEUED,
            source_names=names,
            ref=ref,
            mode=mode,
            created_at=now + timedelta(microseconds=1),
        )
        transaction.on_commit(partial(send, answer_question, str(answer.pk)))
    return answer


def try_again(question: Message, wanted: Wanted = NOTHING_WANTED) -> Message:
    """Have a question answered once more, beside the answers that it has; return the new one."""
    with transaction.atomic():
        Thread.objects.filter(pk=question.thread_id).update(updated_at=timezone.now())
        answer = Message.objects.create(
            thread_id=question.thread_id,
            parent=question,
            role=Message.Role.ANSWER,
            state=Message.State.QUEUED,
            source_names=question.source_names,
            ref=question.ref,
            mode=question.mode,
            wanted=wanted.to_json(),
        )
        transaction.on_commit(partial(send, answer_question, str(answer.pk)))
    return answer


def title_of(question: str) -> str:
    """Return the first line of a question, cut at a word."""
    line = next((line.strip() for line in question.split("\n") if line.strip()), "Question")
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + " \u2026"


def ref_of(thread: Thread) -> str:
    """Return the ref that a thread asks about: that of its latest question, which the next keeps."""
    latest = thread.messages.filter(role=Message.Role.QUESTION).order_by("-created_at", "-pk")
    return latest.values_list("ref", flat=True).first() or ""


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
