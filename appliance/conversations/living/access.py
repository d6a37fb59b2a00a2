"""Which citations one may look into, and whose changed answers one is told of."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import User
from appliance.conversations.access import get_seen_message_for_reader, is_sealed_for_owner
from appliance.conversations.living.models import ChangedAnswer, CitationState
from appliance.conversations.models import Message, MessageEvidence
from appliance.sources.access import scope_of


def changed_answers_of(user: User) -> QuerySet[ChangedAnswer]:
    """Return the person's own answers that changed, newest first.

    Not those of whose citations nothing is known that concerns them: the ref that they were asked
    about is not followed any more, or another one is the default.
    """
    asked = Q(ref__name=OuterRef("message__ref"))
    by_default = Q(ref__is_default=True, evidence__message_links__message__ref="")
    known = CitationState.objects.exclude(state=CitationState.State.FRESH).filter(
        asked | by_default,
        evidence__message_links__message=OuterRef("message"),
        evidence__message_links__role=MessageEvidence.Role.CITED,
    )
    changed = ChangedAnswer.objects.filter(Exists(known), message__thread__owner=user)
    return changed.select_related("message__thread", "message__parent")


def get_own_answer(user: User, message_id: UUID) -> Message:
    """Return a finished answer in a thread of the person's own, or answer 404; its question too must
    be theirs to see still, which a copied one may not be."""
    answers = Message.objects.filter(thread__owner=user, role=Message.Role.ANSWER)
    message = get_object_or_404(answers.select_related("thread", "parent"), pk=message_id)
    if message.is_open or is_sealed_for_owner(message.parent or message, scope_of(user)):
        raise Http404
    return message


def get_citation_for_user(user: User, message_id: UUID, link_id: int) -> MessageEvidence:
    """Return a citation of an answer that this person may read whole, or answer 404."""
    message = get_seen_message_for_reader(user, message_id)
    links = message.evidence_links.filter(role=MessageEvidence.Role.CITED)
    return get_object_or_404(links.select_related("evidence__source", "evidence__blob"), pk=link_id)
