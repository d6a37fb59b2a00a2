"""Has a question of one's own answered again, from the code as it is now."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from appliance.common.queueing import send
from appliance.conversations.living.models import ChangedAnswer
from appliance.conversations.models import Message, Thread
from appliance.conversations.tasks import answer_question


@transaction.atomic
def ask_again(answer: Message) -> Message:
    """Begin a further answer to the same question; the old one stays beside it, and is seen."""
    now = timezone.now()
    again = Message.objects.create(
        thread_id=answer.thread_id,
        parent_id=answer.parent_id,
        role=Message.Role.ANSWER,
        state=Message.State.QUEUED,
        source_names=answer.source_names,
        ref=answer.ref,
        mode=answer.mode,
        created_at=now,
    )
    Thread.objects.filter(pk=answer.thread_id).update(updated_at=now)
    ChangedAnswer.objects.filter(message=answer).update(seen_at=now)
    transaction.on_commit(partial(send, answer_question, str(again.pk)))
    return again
