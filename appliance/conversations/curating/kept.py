"""Curated lines that are kept, and whether they still count."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from appliance.accounts.models import User
from appliance.accounts.roles import has_role
from appliance.conversations.curating.access import CURATORS
from appliance.conversations.curating.models import CuratedLines
from appliance.conversations.curating.places import Place, place_now
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


def curated_in(scope: Scope) -> list[int]:
    """Return the ids of the curated lines that a scope may read where they were, newest first."""
    kept = CuratedLines.objects.filter(evidence__source__in=scope.source_ids)
    rows = kept.values_list("pk", "evidence__source_id", "evidence__path")
    return [pk for pk, source_id, path in rows if scope.allows(source_id, path)]


def curated_rows(kept: QuerySet[CuratedLines], scope: Scope) -> list[CuratedRow]:
    """Return of these lines those that a scope may read where they were and where they are now.

    For each of them the code is looked at: ask for no more than are shown.
    """
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
    named = CuratedLines.objects.filter(pk=lines_id)
    rows = curated_rows(named, scope_of(user)) if has_role(user, *CURATORS) else []
    if not rows:
        raise Http404
    return rows[0].lines
