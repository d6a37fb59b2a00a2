"""Celery's doorways into answering: an id in, nothing out."""

from __future__ import annotations

import time

from celery import shared_task

from appliance.common.queueing import send
from appliance.conversations import forgetting, leaving, noting, recording, rescuing, waiting
from appliance.conversations.access import scope_of_answer
from appliance.conversations.living import looking
from appliance.conversations.models import Message
from appliance.conversations.posting.sending import tell_webhooks
from indexer.wall import behind

AT_A_STRETCH_S = 20.0  # then whatever else this worker does gets its turn: notes, signs of life


@shared_task(ignore_result=True)
def answer_question(message_id: str) -> None:
    """Write answers, the fairest first, as long as some may be begun.

    The id says no more than that this one waits: a task for which no slot is free goes away, and
    whoever frees one goes on with what waits. While the chat servers are full, for whatever reason,
    nothing is begun: it waits here, where turns are fair, and not in the servers' own line.
    """
    until = time.monotonic() + AT_A_STRETCH_S
    while (message := waiting.claim_if_room()) is not None:
        if leaving.is_left(message):
            continue
        try:
            with behind(scope_of_answer(message)):
                recording.record_answer(message)
            if noting.turns_to_note(message):
                send(note_turns, str(message.pk))
        except Exception:
            rescuing.mark_failed(message)
            send(answer_question, message_id)
            raise
        if time.monotonic() >= until:
            send(answer_question, message_id)
            return
    if waiting.should_look_again():
        send(answer_question, message_id, after_s=waiting.LOOK_AGAIN_S)


@shared_task(ignore_result=True)
def note_turns(message_id: str) -> None:
    """Note what the turns before an answer came to, before a later prompt needs it."""
    message = Message.objects.select_related("thread__owner").filter(pk=message_id).first()
    if message is not None:
        noting.note_by_model(message)


@shared_task(ignore_result=True)
def rescue_answers() -> None:
    """Send waiting answers again that the broker lost; end those whose worker died, or whose
    owner was locked out."""
    leaving.stop_left()
    for message_id in rescuing.rescue():
        answer_question.delay(message_id)


@shared_task(ignore_result=True)
def forget_removed() -> None:
    """Clear what answers still tell of sources that were removed."""
    forgetting.forget_removed()


@shared_task(ignore_result=True, expires=15)
def look_at_citations() -> None:
    """Look at the citations of what has been synced since the last time."""
    looking.look_around()


@shared_task(ignore_result=True, expires=10)
def tell_of_answers() -> None:
    """Post to their owners' webhooks which answers ended or changed."""
    tell_webhooks()
