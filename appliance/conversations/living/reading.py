"""What one reader is told of the citations of an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from appliance.conversations.living.models import CitationState
from appliance.conversations.models import Evidence, Message, MessageEvidence
from indexer.scope import Scope
from indexer.spans import Span

State = CitationState.State
STALE = frozenset({State.CHANGED, State.GONE})


@dataclass(frozen=True, slots=True)
class LivingCitation:
    """What became of one citation, as far as this reader may know."""

    handle: str
    state: CitationState.State
    cited: Span
    path: str  # where the lines stand now
    span: Span
    has_other_path: bool
    commit: str  # of the ref, when this was found
    changed_at: datetime | None
    url: str  # of the lines where they stand now; empty: nowhere
    compare_url: str


@dataclass(frozen=True, slots=True)
class LivingAnswer:
    """All citations of an answer, each once."""

    citations: tuple[LivingCitation, ...] = ()

    @property
    def stale(self) -> int:
        """Return how many do not stand there any more as they were cited."""
        return sum(one.state in STALE for one in self.citations)

    @property
    def moved(self) -> int:
        return sum(one.state == State.MOVED for one in self.citations)

    def of(self, handle: str, span: Span) -> tuple[LivingCitation, ...]:
        """Return what concerns a card: what was cited of its lines and is not as it was."""
        return tuple(
            one
            for one in self.citations
            if one.handle == handle and one.state != State.FRESH and span.contains(one.cited)
        )


def living_answers(messages: Collection[Message], scope: Scope) -> dict[UUID, LivingAnswer]:
    """Return what became of the citations of many answers, with one query for all of them.

    Their evidence has been fetched already, and none of them is sealed.
    """
    if not messages:
        return {}
    cited = {message.pk: _cited(message.evidence_links.all()) for message in messages}
    evidence = {link.evidence_id for links in cited.values() for link in links}
    states = list(
        CitationState.objects.filter(evidence__in=evidence).select_related(
            "evidence__source", "ref"
        )
    )
    return {
        message.pk: _living(
            cited[message.pk],
            [one for one in states if _is_asked_about(one, message)],
            scope,
        )
        for message in messages
    }


def _is_asked_about(state: CitationState, message: Message) -> bool:
    return state.ref.name == message.ref if message.ref else state.ref.is_default


def states_of(message: Message) -> list[CitationState]:
    """Return what was found of a message's citations at the ref that it was asked about."""
    ref = Q(ref__name=message.ref) if message.ref else Q(ref__is_default=True)
    cited = MessageEvidence.objects.filter(message=message, role=MessageEvidence.Role.CITED)
    states = CitationState.objects.filter(ref, evidence__in=cited.values("evidence"))
    return list(states.select_related("evidence__source", "ref"))


def is_stale(state: CitationState, scope: Scope) -> bool:
    return seen_as(state.state, state.evidence, state.path, scope) in STALE


def seen_as(state: str, evidence: Evidence, path: str, scope: Scope) -> CitationState.State:
    """Return a state as a reader may know it: what moved to where they may not look is gone."""
    if state == State.MOVED and not scope.allows(evidence.source_id, path):
        return State.GONE
    return State(state)


def living_answer(message: Message, links: Iterable[MessageEvidence], scope: Scope) -> LivingAnswer:
    """Return what became of an answer's citations; the caller has made sure that it is not sealed."""
    cited = _cited(links)
    return _living(cited, states_of(message) if cited else (), scope)


def _cited(links: Iterable[MessageEvidence]) -> list[MessageEvidence]:
    return [link for link in links if link.role == MessageEvidence.Role.CITED]


def _living(
    cited: Sequence[MessageEvidence], found: Iterable[CitationState], scope: Scope
) -> LivingAnswer:
    states = {state.evidence_id: state for state in found}
    unique = {(link.handle, link.evidence_id): link for link in cited}
    return LivingAnswer(tuple(_citation(link, states, scope) for link in unique.values()))


def _citation(
    link: MessageEvidence, states: Mapping[int, CitationState], scope: Scope
) -> LivingCitation:
    evidence = link.evidence
    found = states.get(evidence.pk)
    state = seen_as(found.state, evidence, found.path, scope) if found else State.FRESH
    path, span = evidence.path, evidence.span
    if found and state == State.MOVED:
        path, span = found.path, found.span
    return LivingCitation(
        handle=link.handle,
        state=state,
        cited=evidence.span,
        path=path,
        span=span,
        has_other_path=path != evidence.path,
        commit=found.commit if found else evidence.commit,
        changed_at=found.changed_at if found else None,
        url=_url(found, path, span) if found and state == State.MOVED else "",
        compare_url=reverse("citation_compare", args=[link.message_id, link.pk]),
    )


def _url(found: CitationState, path: str, span: Span) -> str:
    """Return where the lines open; by the ref, since only commits that are live or cited open."""
    page = reverse("file", args=[found.evidence.source.name, found.ref.name, path])
    return f"{page}?lines={span.start_line}-{span.end_line}#L{span.start_line}"


def count_by_state(citations: Sequence[LivingCitation]) -> dict[str, int]:
    """Return how many citations are in each state, for lists."""
    return {state.value: sum(one.state == state for one in citations) for state in State}
