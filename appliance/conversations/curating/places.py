"""Curated lines at a ref: found when they are named, and found again after the code has moved."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from appliance.conversations.curating.models import CuratedLines
from appliance.conversations.evidence import hash_lines
from appliance.conversations.living.places import place_of
from appliance.conversations.models import Evidence
from appliance.sources.access import find_live_blob
from indexer.models import Blob, Document, Ref
from indexer.scope import Scope
from indexer.spans import Span


class PlaceUnknown(Exception):
    """There are no such lines that this person may read."""


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a document that is live at a ref."""

    ref: Ref
    path: str
    blob: Blob
    span: Span

    @property
    def lines(self) -> list[str]:
        return self.span.lines_of(self.blob.text)

    def as_evidence(self) -> Evidence:
        """Return the stored evidence of these lines, made when there is none."""
        evidence, _ = Evidence.objects.get_or_create(
            source_id=self.ref.source_id,
            commit=self.ref.commit,
            path=self.path,
            blob=self.blob,
            start_line=self.span.start_line,
            end_line=self.span.end_line,
            defaults={"line_hash": hash_lines(self.lines)},
        )
        return evidence


def find_place(
    scope: Scope, source: str, path: str, lines: tuple[int, int], *, ref: str = ""
) -> Place:
    """Return named lines; raise PlaceUnknown, the same for what is absent and what is hidden."""
    found = find_live_blob(scope, source, path, ref_name=ref)
    if found is None or lines[1] > found[1].text.count("\n") + 1:
        raise PlaceUnknown("There are no such lines in this source that you may read.")
    return Place(found[0], path, found[1], Span(*lines))


def place_now(curated: CuratedLines, ref: str = "") -> Place | None:
    """Return where curated lines stand now; None: they changed, or are gone, or not at this ref.

    In the same file wherever they moved; in another only when the whole file was renamed.
    """
    evidence = curated.evidence
    at = _refs(ref).filter(source=evidence.source_id).first()
    if at is None:
        return None
    documents = Document.objects.filter(source=evidence.source_id, refs__contains=[at.pk])
    at_path = documents.filter(path=evidence.path).select_related("blob").first()
    if at_path is None:
        renamed = documents.filter(blob=evidence.blob_id).order_by("path")
        at_path = renamed.select_related("blob").first()
    if at_path is None:
        return None
    lines = evidence.span.lines_of(evidence.blob.text)
    span = place_of(lines, evidence.span, at_path.blob.text)
    return Place(at, at_path.path, at_path.blob, span) if span else None


def _refs(ref: str) -> QuerySet[Ref]:
    refs = Ref.objects.select_related("source")
    return refs.filter(name=ref) if ref else refs.filter(is_default=True)
