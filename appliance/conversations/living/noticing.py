"""Keeps the list of answers that changed: one row for each answer that does not hold as it did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.utils import timezone

from appliance.conversations.living.classifying import Found
from appliance.conversations.living.models import ChangedAnswer, CitationState
from appliance.conversations.living.reading import STALE, is_stale, seen_as
from appliance.conversations.models import Message, MessageEvidence
from appliance.sources.access import scope_of
from indexer.models import Ref
from indexer.scope import Scope

Cited = Mapping[UUID, Collection[int]]  # message -> evidence that it cites
States = Mapping[int, Sequence[CitationState]]  # evidence -> what was found of it, by ref


def notice(ref: Ref, found: Sequence[Found], before: Mapping[int, CitationState]) -> None:
    """List the answers that these findings concern, or take them from the list again.

    An owner who has seen that an answer changed is told again when a further citation does. A
    handful of statements, however many answers cite the same lines.
    """
    messages = _messages(ref, found)
    cited = _cited_by(messages)
    states = _states_of({pk for evidence in cited.values() for pk in evidence})
    by_evidence = {one.evidence.pk: one for one in found}
    scopes: dict[int, Scope] = {}
    stale: list[UUID] = []
    fresh: list[UUID] = []
    for message in messages:
        owner = message.thread.owner
        if owner.pk not in scopes:
            scopes[owner.pk] = scope_of(owner)
        scope, evidence = scopes[owner.pk], cited[message.pk]
        if not _is_stale(message, evidence, states, scope):
            fresh.append(message.pk)
        elif any(
            _is_news(by_evidence[pk], before.get(pk), scope) for pk in evidence if pk in by_evidence
        ):
            stale.append(message.pk)
    _write(stale, fresh)


def _messages(ref: Ref, found: Sequence[Found]) -> list[Message]:
    names = [ref.name, *([""] if ref.is_default else [])]
    links = MessageEvidence.objects.filter(
        role=MessageEvidence.Role.CITED,
        message__ref__in=names,
        evidence__in=[one.evidence for one in found],
    )
    messages = Message.objects.filter(pk__in=links.values("message"))
    return list(messages.select_related("thread__owner").only("ref", "thread__owner"))


def _cited_by(messages: Sequence[Message]) -> Cited:
    links = MessageEvidence.objects.filter(
        role=MessageEvidence.Role.CITED, message__in=messages
    ).values_list("message", "evidence")
    cited: dict[UUID, set[int]] = defaultdict(set)
    for message_id, evidence_id in links:
        cited[message_id].add(evidence_id)
    return cited


def _states_of(evidence: Collection[int]) -> States:
    states: dict[int, list[CitationState]] = defaultdict(list)
    found = CitationState.objects.filter(evidence__in=evidence).exclude(
        state=CitationState.State.FRESH
    )
    for state in found.select_related("evidence", "ref"):
        states[state.evidence_id].append(state)
    return states


def _is_stale(message: Message, evidence: Collection[int], states: States, scope: Scope) -> bool:
    """Return whether a citation does not hold at the ref that the message was asked about."""
    return any(
        is_stale(state, scope)
        for pk in evidence
        for state in states.get(pk, ())
        if (state.ref.name == message.ref if message.ref else state.ref.is_default)
    )


def _is_news(one: Found, old: CitationState | None, scope: Scope) -> bool:
    """Return whether a citation held until now and does not any more."""
    was = seen_as(old.state, one.evidence, old.path, scope) if old else CitationState.State.FRESH
    now = seen_as(one.state, one.evidence, one.path, scope)
    return now in STALE and was not in STALE


def _write(stale: Sequence[UUID], fresh: Sequence[UUID]) -> None:
    ChangedAnswer.objects.filter(message__in=fresh).delete()
    now = timezone.now()
    ChangedAnswer.objects.bulk_create(
        [ChangedAnswer(message_id=pk, changed_at=now, seen_at=None) for pk in stale],
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=["changed_at", "seen_at"],
    )
