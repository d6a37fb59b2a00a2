"""What a curator said of an answer, for those who may read the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    # Words alone that came later stand in the place of those about the lines.
    words = decision if decision.answer or decision.note else lines
    if words is None:
        return None
    said = Said(decision.by, words.answer, words.note)
    if lines is None:
        return said
    place = place_now(lines, message.ref)
    path = place.path if place else lines.evidence.path
    if not scope.allows(lines.evidence.source_id, path):
        return None
    return _with_lines(said, place) if place else said


def _with_lines(said: Said, place: Place) -> Said:
    """Return the words with the lines as they stand now."""
    source = place.ref.source.name
    first, last = place.span.start_line, place.span.end_line
    page = reverse("file", args=[source, place.ref.name, place.path])
    return replace(
        said,
        path=place.path,
        source=source,
        lines=f"{first}\u2013{last}",
        url=f"{page}?lines={first}-{last}#L{first}",
    )
