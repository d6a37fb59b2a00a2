"""On which answers one may give feedback, and what a curator may see of other people's.

Being a curator opens no code, nor does being an admin. A curator sees a question with its answer when they may read all that
the answer rests on and know every source that was searched for it; of all others only that they are
there. docs/decisions/0029-what-curators-see.md
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import Role, User
from appliance.accounts.roles import has_role
from appliance.conversations.access import get_seen_message_for_reader, is_sealed_for_others
from appliance.conversations.curating.models import Feedback
from appliance.conversations.models import Message
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
    if not may_curate(message, scope_of(user)):
        raise Http404
    return message


def may_curate(message: Message, scope: Scope) -> bool:
    """Return whether somebody of this scope may see the question, the answer and what was said."""
    if is_sealed_for_others(message, scope):
        return False
    searched = {one["name"] for one in message.receipt.get("sources", [])}
    searched |= set(message.source_names)
    known = sources_in(scope).filter(name__in=searched)
    return known.count() == len(searched)
