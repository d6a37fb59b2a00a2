"""What a file is made of: the names that it defines, or the parts of an extracted document."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.sources.access import OpenedDocument
from indexer.models import Definition

MOST = 400
DEEPEST = 4  # steps that the list is indented by


@dataclass(frozen=True, slots=True)
class Outlined:
    name: str
    kind: str
    line: int
    depth: int


def outline_of(document: OpenedDocument) -> tuple[Outlined, ...]:
    """Return the names in the order of the lines; what lies within another one is deeper."""
    if document.places:
        return tuple(Outlined(label, kind, line, 0) for line, kind, label in document.places[:MOST])
    rows = Definition.objects.filter(blob_id=document.blob_id).order_by("start_line", "-end_line")
    found: list[Outlined] = []
    ends: list[int] = []
    for name, kind, start, end in rows.values_list("name", "kind", "start_line", "end_line")[:MOST]:
        while ends and ends[-1] < start:
            ends.pop()
        found.append(Outlined(name, kind, start, min(len(ends), DEEPEST)))
        ends.append(end)
    return tuple(found)
