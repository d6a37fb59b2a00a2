"""What was masked in a source before it was stored: where, by which rule, since when; never what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from indexer import mirrors
from indexer.fetching.history import last_changes
from indexer.models import Finding, Source

FIELDS = ("blob__documents__path", "line", "kind", "rule", "blob__documents__refs")


@dataclass(frozen=True, slots=True)
class MaskedPlace:
    """One masked place of a live file, ready for a page and for --json."""

    path: str
    line: int
    kind: str
    rule: str
    ref: str  # in which it is live: the default one where it is there
    is_default: bool
    commit: str
    since: datetime | None  # when the file became what it is; None where the history is silent


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule found something, and in how many files."""

    kind: str
    rule: str
    places: int
    files: int


def masked_in(source: Source, *, kind: str = "", rule: str = "") -> QuerySet[Any, Any]:
    """Return rows for `places_of`: what was masked in live files, in the order of the files."""
    found = Finding.objects.filter(blob__documents__source=source)
    if kind:
        found = found.filter(kind=kind)
    if rule:
        found = found.filter(rule=rule)
    return found.order_by("blob__documents__path", "line", "rule", "pk").values_list(*FIELDS)


def places_of(source: Source, rows: Iterable[Any]) -> list[MaskedPlace]:
    """Say of rows where they are live and since when: one walk through the mirror for all."""
    found = list(rows)
    refs = list(source.refs.order_by("-is_default", "name"))
    changes = last_changes(
        mirrors.nearest(source), [ref.commit for ref in refs[:1]], {row[0] for row in found}
    )
    places = []
    for path, line, kind, rule, ref_ids in found:
        ref = next((ref for ref in refs if ref.pk in ref_ids), None)
        if ref is None:  # the last ref that held it went away a moment ago
            continue
        # Of another ref's version of the file, the default one's history says nothing.
        change = changes.get(path) if ref == refs[0] else None
        places.append(
            MaskedPlace(
                path=path,
                line=line,
                kind=kind,
                rule=rule,
                ref=ref.name,
                is_default=ref.is_default,
                commit=ref.commit,
                since=change.committed_at if change else None,
            )
        )
    return places


def counts_of(source: Source) -> list[RuleCount]:
    """Return how much each rule found in live files, secrets first, most frequent first."""
    found = Finding.objects.filter(blob__documents__source=source)
    rows = found.values_list("kind", "rule").annotate(
        places=Count("pk"), files=Count("blob__documents__path", distinct=True)
    )
    counts = [RuleCount(*row) for row in rows]
    return sorted(counts, key=lambda one: (one.kind != "secret", -one.places, one.rule))
