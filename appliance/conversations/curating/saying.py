"""What a curator said of an answer, for those who may read the answer."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from appliance.conversations.curating.models import Decision
from appliance.conversations.curating.places import Place, place_now
from appliance.conversations.models import Message
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Said:
    """A curator's words, and the right lines for who may read those."""

    by: str
    answer: str
    note: str
    path: str = ""
    source: str = ""
    lines: str = ""
    url: str = ""


def said_to(message: Message, scope: Scope) -> Said | None:
    """Return what a curator said, None when nobody did; the caller checked that it is not sealed.

    Words that come with lines are about those lines: who may not read the lines is told neither.
    """
    decision = Decision.objects.filter(message=message).first()
    if decision is None or decision.outcome != Decision.Outcome.RESOLVED:
        return None
    lines = decision.lines.select_related("evidence__blob", "evidence__source").first()
    if lines is None:
        has_words = bool(decision.answer or decision.note)
        return Said(decision.by, decision.answer, decision.note) if has_words else None
    evidence = lines.evidence
    place = place_now(lines, message.ref)
    path = place.path if place else evidence.path
    if not scope.allows(evidence.source_id, path):
        return None
    return _with_lines(decision, place, evidence.source.name)


def _with_lines(decision: Decision, place: Place | None, source: str) -> Said:
    """Return the words with the lines as they stand now; without those when they have changed."""
    if place is None:
        return Said(decision.by, decision.answer, decision.note)
    first, last = place.span.start_line, place.span.end_line
    page = reverse("file", args=[source, place.ref.name, place.path])
    return Said(
        decision.by,
        decision.answer,
        decision.note,
        path=place.path,
        source=source,
        lines=f"{first}\u2013{last}",
        url=f"{page}?lines={first}-{last}#L{first}",
    )
