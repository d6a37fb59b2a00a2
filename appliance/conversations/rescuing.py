"""Answers that nobody works on any more: sent again, or ended with a sentence."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from appliance.conversations.models import Message

LOST = timedelta(seconds=30)  # waiting this long: the broker may have lost it
DEAD = timedelta(seconds=60)  # untouched this long: its worker died
OPEN = (Message.State.SEARCHING, Message.State.WRITING)
INTERRUPTED = "The answer was interrupted. Ask again."


def rescue() -> list[str]:
    """End what a dead worker left; return the ids of waiting answers to send once more."""
    now = timezone.now()
    Message.objects.filter(state__in=OPEN, touched_at__lt=now - DEAD).update(
        state=Message.State.FAILED, error=INTERRUPTED
    )
    waiting = Message.objects.filter(state=Message.State.QUEUED, touched_at__lt=now - LOST)
    ids = [str(pk) for pk in waiting.values_list("pk", flat=True)]
    waiting.update(touched_at=now)
    return ids


def mark_failed(message: Message) -> None:
    """End an answer that broke on a fault of ours; the log has the fault."""
    Message.objects.filter(pk=message.pk, state__in=OPEN).update(
        state=Message.State.FAILED,
        error="Something went wrong on our side. The log of the worker says what.",
    )
