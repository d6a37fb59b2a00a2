"""Files that stand in a folder and are not searchable: by name and reason, never by content."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from django.db.models.functions import Substr

from indexer.models import Ref, SkippedFile
from indexer.scope import Scope
from indexer.skips import EXPLANATIONS, SkipReason

MOST = 300  # of a folder; a folder of ten thousand pictures is not worth a page of its own


@dataclass(frozen=True, slots=True)
class Unlisted:
    path: str
    name: str
    why: str


def unlisted_in(ref: Ref, folder: str, scope: Scope) -> tuple[Unlisted, ...]:
    """Return the skipped files directly in a folder of which the reader may know."""
    below = SkippedFile.objects.filter(ref=ref, path__startswith=folder)
    directly = below.annotate(name=Substr("path", len(folder) + 1)).exclude(name__contains="/")
    rows = directly.order_by("path").values_list("path", "reason").iterator()
    known = (row for row in rows if scope.allows(ref.source_id, row[0]))
    return tuple(
        Unlisted(path, path.rpartition("/")[2], EXPLANATIONS[SkipReason(reason)])
        for path, reason in islice(known, MOST)
    )


def why_unlisted(ref: Ref, path: str) -> str:
    """Return why a path of a ref is not searchable; empty when nothing is known of it."""
    reason = SkippedFile.objects.filter(ref=ref, path=path).values_list("reason", flat=True).first()
    return EXPLANATIONS[SkipReason(reason)] if reason else ""
