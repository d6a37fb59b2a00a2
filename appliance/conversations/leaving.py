"""Answers of people who left, or may read less than when they asked: stopped, the slot freed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from appliance.accounts.models import User
from appliance.conversations.access import scope_of_answer
from appliance.conversations.models import Message
from appliance.conversations.waiting import BEING_WRITTEN
from indexer.scope import Scope


def stop_answers_of(user: User) -> int:
    """Stop every answer that is being written, or waits to be, for somebody; return how many."""
    return _stop(Message.objects.filter(thread__owner=user))


def stop_left() -> int:
    """Do so for everybody who is not active."""
    return _stop(Message.objects.filter(thread__owner__is_active=False))


def _stop(messages: QuerySet[Message]) -> int:
    waiting = messages.filter(state=Message.State.QUEUED)
    stopped = waiting.update(state=Message.State.STOPPED, stop_asked=True)
    return stopped + messages.filter(state__in=BEING_WRITTEN, stop_asked=False).update(
        stop_asked=True
    )


def stops_with_being_active(
    sender: type[User],
    instance: User,
    *,
    update_fields: frozenset[str] | None = None,
    **more: Any,
) -> None:
    """Hear of every saved account; the workers see to the rest within seconds."""
    if not instance.is_active and (update_fields is None or "is_active" in update_fields):
        stop_answers_of(instance)


def stop_unless_allowed(message: Message, began_with: Scope) -> bool:
    """Ask for a stop when the owner was locked out, or lost a part of what the answer searches.

    Steps that are still to come would search with the scope of the beginning.
    """
    owner = User.objects.filter(pk=message.thread.owner_id, is_active=True).first()
    if owner is not None and scope_of_answer(message).covers(began_with):
        return False
    return bool(Message.objects.filter(pk=message.pk).update(stop_asked=True))


def is_left(message: Message) -> bool:
    """Return whether nobody is there any more for whom an answer would be written; it ends then."""
    if User.objects.filter(pk=message.thread.owner_id, is_active=True).exists():
        return False
    Message.objects.filter(pk=message.pk, state__in=BEING_WRITTEN).update(
        state=Message.State.STOPPED
    )
    return True
