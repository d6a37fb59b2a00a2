"""What a waiting person is told: how many go before them, and about how long that takes.

It is an estimate and tells nothing of others but their number: answers that are asked for meanwhile,
by people who have had less, still go before.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from appliance.conversations import chatservers
from appliance.conversations.models import Message
from appliance.conversations.waiting import BEING_WRITTEN, LATELY, PEOPLE, share, slots

LOOKED_AT = 40  # of the last answers: how long they took

# The order in which waiting.py would take them if nothing ended: a person's second comes after
# everybody's first.
LINE = f"""
WITH {PEOPLE}, own AS (
    SELECT message.id, message.created_at,
           COALESCE(people.writing, 0) AS writing,
           COALESCE(people.begun, 0) AS begun,
           row_number() OVER (
               PARTITION BY thread.owner_id ORDER BY message.created_at, message.id
           ) AS number
    FROM conversations_message message
    JOIN conversations_thread thread ON thread.id = message.thread_id
    LEFT JOIN people ON people.owner_id = thread.owner_id
    WHERE message.state = 'queued'
), line AS (
    SELECT id, number, writing,
           row_number() OVER (
               ORDER BY writing + number, begun + number, created_at, id
           ) AS place
    FROM own
)
SELECT id, place - 1, number - 1, writing, COALESCE((SELECT sum(writing) FROM people), 0)
FROM line
WHERE id = ANY(%(ids)s)
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Wait:
    """What is said of one waiting answer."""

    before: int  # waiting answers that are begun before
    about: str = ""  # how long that may take, in words; empty: not known, or no time at all


def waits_of(message_ids: Iterable[UUID]) -> dict[UUID, Wait]:
    """Return what is said of those of these answers that are waiting, in one look for all."""
    ids = list(message_ids)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LINE, {"since": timezone.now() - LATELY, "ids": ids})
        rows = cursor.fetchall()
    took = _usual_seconds() if rows else None
    has_room = chatservers.has_room() if rows else True
    waits = {}
    for message_id, before, own_before, own_written, written in rows:
        # At full servers a turn comes when an answer has ended, however many slots are free.
        most = slots() if has_room else max(1, min(slots(), int(written)))
        ends = max(
            _ends_needed(before, written, most) / most,
            _ends_needed(own_before, own_written, share()) / share(),
        )
        waits[message_id] = Wait(before, in_words(ends * took) if took else "")
    return waits


def next_wait_s() -> float:
    """Return about how long somebody waits who asks now and has asked nothing lately."""
    counted = Message.objects.filter(state__in=(Message.State.QUEUED, *BEING_WRITTEN))
    numbers = dict(counted.order_by().values_list("state").annotate(Count("pk")))
    queued = numbers.pop(Message.State.QUEUED, 0)
    ends = _ends_needed(queued, sum(numbers.values()), slots())
    return ends / slots() * (_usual_seconds() or 0.0) if ends else 0.0


def _ends_needed(before: int, written: int, most: int) -> int:
    """Return how many answers must end before this one is begun, where so many may be written."""
    return max(0, before + 1 - (most - int(written)))


def _usual_seconds() -> float | None:
    """Return how long one of the last answers took; None before there were any."""
    ended = Message.objects.filter(begun_at__isnull=False, state=Message.State.DONE)
    last = ended.order_by("-begun_at").values_list("seconds", flat=True)[:LOOKED_AT]
    seconds = [each for each in last if each is not None]
    return statistics.median(seconds) if seconds else None


def in_words(seconds: float) -> str:
    """Return a length of time no more exactly than it is known; empty for none at all."""
    if seconds <= 0:
        return ""
    if seconds <= 60:
        return f"{5 * math.ceil(seconds / 5)} s"
    return f"{math.ceil(seconds / 60)} min"
