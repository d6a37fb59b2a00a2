"""Answers that nobody works on any more: sent again, or ended with a sentence."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from appliance.conversations.measuring import count_interrupted
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from appliance.conversations.waiting import BEING_WRITTEN

LOST = timedelta(seconds=30)  # waiting this long: the broker may have lost it
DEAD = timedelta(seconds=60)  # untouched this long: its worker died
RESUMABLE = (Mode.PAIR,)  # their steps are written down as they are taken
ATTEMPTS = 2
INTERRUPTED = "The answer was interrupted. Ask again."


def rescue() -> list[str]:
    """Take care of what a dead worker left; return the ids of answers to send once more.

    A mode of several steps goes on from those that are written down, once; all else ends.
    """
    now = timezone.now()
    dead = Message.objects.filter(state__in=BEING_WRITTEN, touched_at__lt=now - DEAD)
    dead.filter(stop_asked=True).update(state=Message.State.STOPPED)
    resumed = dead.filter(mode__in=RESUMABLE, attempts__lt=ATTEMPTS)
    again = [str(pk) for pk in resumed.values_list("pk", flat=True)]
    resumed.update(state=Message.State.QUEUED, text="", checks={}, touched_at=now)
    for mode in dead.values_list("mode", flat=True):
        count_interrupted(mode)
    dead.update(state=Message.State.FAILED, error=INTERRUPTED)
    waiting = Message.objects.filter(state=Message.State.QUEUED, touched_at__lt=now - LOST)
    ids = [str(pk) for pk in waiting.values_list("pk", flat=True)]
    waiting.update(touched_at=now)
    return again + ids


def mark_failed(message: Message) -> None:
    """End an answer that broke on a fault of ours; the log has the fault."""
    ours = Message.objects.filter(pk=message.pk, attempts=message.attempts)
    ended = ours.filter(state__in=BEING_WRITTEN).update(
        state=Message.State.FAILED,
        error="Something went wrong on our side. The log of the worker says what.",
    )
    if ended:
        count_interrupted(message.mode)
