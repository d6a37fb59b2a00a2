"""On which answers one may give feedback, and what a curator may see of other people's.

Being a curator opens no code, nor does being an admin. A curator sees a question with its answer when they may read all that
the answer rests on and know every source that was searched for it; of all others only that they are
there. docs/decisions/0029-what-curators-see.md
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import Role, User
from appliance.accounts.roles import has_role
from appliance.conversations.access import get_seen_message_for_reader, sealed_for_others
from appliance.conversations.curating.models import Feedback
from appliance.conversations.models import Message
from appliance.conversations.trees import trees_of
from appliance.sources.access import scope_of, sources_in
from indexer.scope import Scope

CURATORS = (Role.CURATOR, Role.ADMIN)


def get_answer_for_feedback(user: User, message_id: UUID) -> Message:
    """Return a finished answer that this person may read, or answer 404."""
    message = get_seen_message_for_reader(user, message_id)
    if message.role != Message.Role.ANSWER or message.is_open:
        raise Http404
    return message


def cases() -> QuerySet[Message]:
    """Return the answers that concern curators: people said something of them, or nothing was found."""
    said = Feedback.objects.filter(message=OuterRef("pk"))
    answers = Message.objects.filter(
        role=Message.Role.ANSWER,
        state__in=[Message.State.DONE, Message.State.STOPPED, Message.State.FAILED],
    )
    concerned = answers.filter(Q(not_found=True) | Exists(said))
    return concerned.select_related("parent", "decision").order_by("-created_at", "-pk")


def get_case_for_curator(user: User, message_id: UUID) -> Message:
    """Return a case that this curator may see, or answer 404 as if it did not exist."""
    if not has_role(user, *CURATORS):
        raise Http404
    message = get_object_or_404(cases(), pk=message_id)
    if message.pk not in curatable([message], scope_of(user)):
        raise Http404
    return message


def curatable(messages: Collection[Message], scope: Scope) -> set[UUID]:
    """Return the ids of those of these answers of which somebody of this scope may see the question,
    the answer and what was said: for all of them, a few queries."""
    threads = {message.thread_id for message in messages}
    trees = trees_of(Message.objects.filter(thread__in=threads))
    sealed = {pk for tree in trees.values() for pk in sealed_for_others(tree, scope)}
    searched = {message.pk: _searched(message) for message in messages}
    all_searched = {name for names in searched.values() for name in names}
    known = set(sources_in(scope).filter(name__in=all_searched).values_list("name", flat=True))
    return {pk for pk, names in searched.items() if pk not in sealed and names <= known}


def _searched(message: Message) -> frozenset[str]:
    """Return the names of all sources that were searched, or meant to be."""
    told = (one["name"] for one in message.receipt.get("sources", ()))
    return frozenset((*told, *message.source_names))
