"""Whose threads and messages one may open, and when an answer is sealed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import User
from appliance.conversations.answering.fixing.patches import State, stored_places
from appliance.conversations.models import Message, MessageEvidence, Thread
from appliance.sources.access import scope_of
from indexer.scope import Scope


def threads_of(user: User) -> QuerySet[Thread]:
    return Thread.objects.filter(owner=user)


def get_thread_for_user(user: User, thread_id: UUID) -> Thread:
    """Return the thread, or answer 404 as if it did not exist."""
    return get_object_or_404(threads_of(user), pk=thread_id)


def get_message_for_user(user: User, message_id: UUID) -> Message:
    """Return the message with its thread, or answer 404 as if it did not exist."""
    messages = Message.objects.filter(thread__owner=user).select_related("thread")
    return get_object_or_404(messages, pk=message_id)


def get_patch_for_user(user: User, message_id: UUID, number: int) -> dict[str, Any]:
    """Return a patch of an answer, counted from 1, or answer 404 as if it did not exist.

    So it is for a sealed answer, and for a patch of which a check failed.
    """
    message = get_message_for_user(user, message_id)
    if is_sealed(message, scope_of(user)) or not 1 <= number <= len(message.patches):
        raise Http404
    patch: dict[str, Any] = message.patches[number - 1]
    if patch["state"] == State.FAILED:
        raise Http404
    return patch


def is_sealed(message: Message, scope: Scope) -> bool:
    """Return whether the answer rests on evidence that this reader may not (or no longer) see."""
    given = message.evidence_links.filter(role=MessageEvidence.Role.IN_PROMPT).count()
    if given < message.receipt.get("given", 0):
        return True  # of a source that was deleted, with its grants
    return not all(scope.allows(source_id, path) for source_id, path in places_behind(message))


def places_behind(message: Message) -> set[tuple[int, str]]:
    """Return the source and path of all that the answer rests on, and that its steps found.

    An earlier turn that stood in its prompt counts with everything that turn rested on: a
    follow-up says the same again in other words.
    """
    used = message.evidence_links.exclude(role=MessageEvidence.Role.LEFT_OUT)
    places = set(used.values_list("evidence__source_id", "evidence__path"))
    places |= {(found[0], found[1]) for step in message.steps for found in step["places"]}
    places |= stored_places(message.patches)
    return places | {(source_id, path) for source_id, path in message.receipt.get("behind", [])}
