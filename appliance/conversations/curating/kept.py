"""Curated lines that are kept, and whether they still count."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404
from django.utils import timezone

from appliance.accounts.models import User
from appliance.accounts.roles import has_role
from appliance.conversations.curating.access import CURATORS
from appliance.conversations.curating.models import CuratedLines
from appliance.conversations.curating.places import Place, place_now
from appliance.conversations.models import Message
from appliance.sources.access import scope_of
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class CuratedRow:
    lines: CuratedLines
    place: Place | None  # None: the code changed, and they count no more
    is_past: bool  # their date has come

    @property
    def counts(self) -> bool:
        return self.place is not None and not self.is_past


def curated_rows(scope: Scope, *, message: Message | None = None) -> list[CuratedRow]:
    """Return the curated lines that a scope may read where they were and where they are now."""
    kept = CuratedLines.objects.filter(evidence__source__in=scope.source_ids)
    if message is not None:
        kept = kept.filter(decision__message=message)
    kept = kept.select_related("evidence__source", "evidence__blob").defer("vector")
    rows = (
        _row(lines) for lines in kept if scope.allows(lines.evidence.source_id, lines.evidence.path)
    )
    return [
        row
        for row in rows
        if row.place is None or scope.allows(row.place.ref.source_id, row.place.path)
    ]


def _row(lines: CuratedLines) -> CuratedRow:
    return CuratedRow(lines, place_now(lines), lines.is_expired(timezone.localdate()))


def get_curated_lines(user: User, lines_id: int) -> CuratedLines:
    """Return curated lines that this curator may read, or answer 404."""
    rows = curated_rows(scope_of(user)) if has_role(user, *CURATORS) else []
    found = next((row.lines for row in rows if row.lines.pk == lines_id), None)
    if found is None:
        raise Http404
    return found
