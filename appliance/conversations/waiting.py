"""Which waiting answer is begun next: so that nobody waits for somebody else's hundred questions.

The broker's order decides nothing. A task only says that something waits; what a worker then takes
is decided here, for all workers together.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from appliance.conversations import chatservers
from appliance.conversations.models import Message
from indexer import clients
from inference.client import ChatClient

LATELY = timedelta(minutes=10)  # so long it counts that somebody's answers were begun
CLAIMING = 0x77616974  # PostgreSQL's number of the lock: any that is nobody else's
LOOK_AGAIN_S = 2.0  # at full servers
BEHIND_PEOPLE = 10  # the priority of what nobody waits for: notes, evaluations
LAST_OF_PEOPLE = BEHIND_PEOPLE - 1
BEING_WRITTEN = (Message.State.SEARCHING, Message.State.WRITING)

# What each person has of the model: answers being written, and begun lately.
PEOPLE = """
people AS (
    SELECT thread.owner_id,
           count(*) FILTER (WHERE message.state IN ('searching', 'writing')) AS writing,
           count(*) FILTER (WHERE message.begun_at > %(since)s) AS begun
    FROM conversations_message message
    JOIN conversations_thread thread ON thread.id = message.thread_id
    WHERE message.state IN ('searching', 'writing') OR message.begun_at > %(since)s
    GROUP BY thread.owner_id
)"""
# NO KEY: a follow-up holds the key of the answer that it follows on while it is committed.
CLAIM = f"""
WITH {PEOPLE}, fairest AS (
    SELECT message.id
    FROM conversations_message message
    JOIN conversations_thread thread ON thread.id = message.thread_id
    LEFT JOIN people ON people.owner_id = thread.owner_id
    WHERE message.state = 'queued'
      AND COALESCE(people.writing, 0) < %(share)s
      AND COALESCE((SELECT sum(writing) FROM people), 0) < %(slots)s
    ORDER BY COALESCE(people.writing, 0), COALESCE(people.begun, 0), message.created_at, message.id
    LIMIT 1
    FOR NO KEY UPDATE OF message SKIP LOCKED
)
UPDATE conversations_message message
SET state = 'searching', attempts = message.attempts + 1, touched_at = %(now)s, begun_at = %(now)s
FROM fairest
WHERE message.id = fairest.id
RETURNING message.id
"""  # noqa: S608 - made of constants


_next_look = float("-inf")  # of this process


def slots() -> int:
    """Return how many answers are written at a time."""
    return int(settings.ANSWERS_AT_ONCE)


def share() -> int:
    """Return how many of the slots one person may hold, whoever else wants one."""
    return max(1, slots() // 2)


def claim_fairest() -> Message | None:
    """Take the waiting answer of whoever has least of the model; None when none may be begun now.

    First the person with the fewest answers being written, then with the fewest begun lately, then
    the oldest answer. No answer waits for ever: once nothing of its person is being written, or was
    begun lately, nobody goes before it but those who waited longer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time: two that count side by side would both take a person's last slot.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMING])
        now = timezone.now()
        limits: dict[str, Any] = {
            "now": now,
            "since": now - LATELY,
            "share": share(),
            "slots": slots(),
        }
        cursor.execute(CLAIM, limits)
        row = cursor.fetchone()
    if row is None:
        return None
    return Message.objects.select_related("thread__owner").filter(pk=row[0]).first()


def claim_if_room() -> Message | None:
    """Take the next answer, unless the chat servers say that they are full."""
    return claim_fairest() if chatservers.has_room() else None


def should_look_again() -> bool:
    """Say whether this process should look again soon for what waits because of full servers: what
    fills them may be somebody else's, so that no answer of ours frees them. True once in a while."""
    global _next_look
    if chatservers.has_room() or time.monotonic() < _next_look:
        return False
    if not Message.objects.filter(state=Message.State.QUEUED).exists():
        return False
    _next_look = time.monotonic() + LOOK_AGAIN_S
    return True


def chat_for(message: Message, adapter: str = "") -> ChatClient:
    """Return the client of the chat model, or of an adapter, for this answer's thread, less urgent with
    each answer that this person has before this one; raises ModelNotConfigured."""
    client = clients.chat().for_thread(str(message.thread_id))
    if adapter:
        client.model_name()  # what the server can do is learned once, for all its models
        client = client.of_model(adapter)
    if not client.has_priorities:
        return client
    others = Message.objects.filter(thread__owner=message.thread.owner_id, state__in=BEING_WRITTEN)
    before = others.filter(begun_at__lt=message.begun_at).count() if message.begun_at else 0
    return client.at_priority(min(before, LAST_OF_PEOPLE))


def chat_behind_people() -> ChatClient:
    """Return the client of the chat model for what nobody waits for; raises ModelNotConfigured."""
    return clients.chat().at_priority(BEHIND_PEOPLE)
