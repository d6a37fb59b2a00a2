"""What a person does with threads: ask, stop, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import ApiToken, User
from appliance.audit.actions import Action
from appliance.audit.policy import told
from appliance.audit.recording import Target, record
from appliance.common.queueing import send
from appliance.conversations.models import Message, Thread
from appliance.conversations.modes import Mode
from appliance.conversations.narrowing import with_sources_of
from appliance.conversations.paths import latest_answer
from appliance.conversations.quotas import count_question
from appliance.conversations.tasks import answer_question
from appliance.conversations.titles import title_of
from appliance.conversations.wanted import NOTHING_WANTED, Wanted


def ask(
    user: User,
    question: str,
    *,
    thread: Thread | None = None,
    after: Message | None = None,
    beside: Message | None = None,
    source_names: Sequence[str] = (),
    folders: Sequence[str] = (),
    ref: str = "",
    mode: Mode = Mode.ANSWER,
    token: ApiToken | None = None,
    wanted: Wanted = NOTHING_WANTED,
) -> Message:
    """Write the question down and have it answered; return the answer that is to come.

    In a thread it follows on `after`, an answer of it; without one, on the latest answer. Or it
    stands `beside` a question of the thread, as another way to ask it. `folders` narrows sources
    to a part of them; `wanted` puts files into the prompt. Asked by a program, it is answered from
    what its `token` reads.
    """
    question = question.strip()
    with transaction.atomic():
        if thread is None:
            thread = Thread.objects.create(owner=user, title=title_of(question))
        elif beside is None:
            after = after or latest_answer(thread)
        asked = Message.objects.create(
            thread=thread,
            parent=beside.parent if beside else after,
            role=Message.Role.QUESTION,
            text=question,
            source_names=with_sources_of(source_names, folders),
            folders=list(folders),
            ref=ref,
            mode=mode,
            token=token,
            wanted=wanted.to_json(),
        )
        return answer_to(asked, like=asked, token=token)


def answer_to(question: Message, *, like: Message, token: ApiToken | None = None) -> Message:
    """Have a question answered, maybe once more: from the sources, ref and files of `like`, in its
    mode. Call it within a transaction: the worker is told when that ends.

    Raises QuotaReached when the thread's owner has asked too much lately.
    """
    count_question(question.thread.owner_id)
    now = timezone.now()
    answer = Message.objects.create(
        thread_id=question.thread_id,
        parent=question,
        role=Message.Role.ANSWER,
        state=Message.State.QUEUED,
        source_names=like.source_names,
        folders=like.folders,
        ref=like.ref,
        mode=like.mode,
        wanted=like.wanted,
        token=token,
        created_at=max(now, question.created_at + timedelta(microseconds=1)),
    )
    Thread.objects.filter(pk=question.thread_id).update(updated_at=now)
    transaction.on_commit(partial(send, answer_question, str(answer.pk)))
    _record(question, answer)
    return answer


def _record(question: Message, answer: Message) -> None:
    details = {
        **told(question.text),
        "thread": str(question.thread_id),
        "question": str(question.pk),
        "mode": answer.mode,
        "sources": answer.source_names,
        "folders": answer.folders,
        "ref": answer.ref,
        **({"token": answer.token.prefix} if answer.token else {}),
    }
    target = Target("message", str(answer.pk))
    record(Action.ASKED, actor=question.thread.owner, target=target, details=details)


def stop(message: Message) -> None:
    """Ask whoever writes this answer to stop; a waiting one stops at once."""
    open_answers = Message.objects.filter(pk=message.pk)
    open_answers.update(stop_asked=True)
    open_answers.filter(state=Message.State.QUEUED).update(state=Message.State.STOPPED)


def rename_thread(thread: Thread, title: str) -> None:
    Thread.objects.filter(pk=thread.pk).update(title=title[:200])


def delete_thread(thread: Thread) -> None:
    """Delete a thread with its messages; an answer that is being written finds nothing to write to."""
    with transaction.atomic():
        record_deleted(thread, messages=thread.messages.count(), is_whole=True)
        thread.delete()


def record_deleted(thread: Thread, *, messages: int, is_whole: bool) -> None:
    """Record that a thread, or a branch of one, is about to be deleted by its owner."""
    details = {"messages": messages, "whole": is_whole}
    target = Target("thread", str(thread.pk))
    record(Action.THREAD_DELETED, target=target, details=details)
