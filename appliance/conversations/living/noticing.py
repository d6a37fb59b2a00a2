"""Keeps the list of answers that changed: one row for each answer that does not hold as it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.utils import timezone

from appliance.conversations.living.classifying import Found
from appliance.conversations.living.models import ChangedAnswer, CitationState
from appliance.conversations.living.reading import is_stale, seen_as, states_of
from appliance.conversations.models import Message, MessageEvidence
from appliance.sources.access import scope_of
from indexer.models import Ref
from indexer.scope import Scope


def notice(ref: Ref, found: Sequence[Found], before: Mapping[int, CitationState]) -> None:
    """List the answers that these findings concern, or take them from the list again.

    An owner who has seen that an answer changed is told again when a further citation does.
    """
    messages = _messages(ref, found)
    scopes: dict[int, Scope] = {}
    stale: list[UUID] = []
    fresh: list[UUID] = []
    for message in messages:
        owner = message.thread.owner
        scope = scopes.setdefault(owner.pk, scope_of(owner))
        states = states_of(message)
        if not any(is_stale(state, scope) for state in states):
            fresh.append(message.pk)
        elif _is_news(message, found, before, scope):
            stale.append(message.pk)
    ChangedAnswer.objects.filter(message__in=fresh).delete()
    now = timezone.now()
    ChangedAnswer.objects.bulk_create(
        [ChangedAnswer(message_id=pk, changed_at=now, seen_at=None) for pk in stale],
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=["changed_at", "seen_at"],
    )


def _messages(ref: Ref, found: Iterable[Found]) -> Iterable[Message]:
    names = [ref.name, *([""] if ref.is_default else [])]
    links = MessageEvidence.objects.filter(
        role=MessageEvidence.Role.CITED,
        message__ref__in=names,
        evidence__in=[one.evidence for one in found],
    )
    messages = Message.objects.filter(pk__in=links.values("message"))
    return messages.select_related("thread__owner")


def _is_news(
    message: Message, found: Iterable[Found], before: Mapping[int, CitationState], scope: Scope
) -> bool:
    """Return whether one of the message's citations held until now and does not any more."""
    cited = set(
        message.evidence_links.filter(role=MessageEvidence.Role.CITED).values_list(
            "evidence_id", flat=True
        )
    )
    for one in found:
        if one.evidence.pk not in cited:
            continue
        old = before.get(one.evidence.pk)
        was = seen_as(old.state, one.evidence, old.path, scope) if old else "fresh"
        now = seen_as(one.state, one.evidence, one.path, scope)
        if now in {"changed", "gone"} and was not in {"changed", "gone"}:
            return True
    return False
