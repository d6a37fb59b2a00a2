"""The rows of a folder's page, with what the index knows of each file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.sources.browsing.opening import OpenedFolder
from indexer.models import Document
from indexer.retrieval.folders import Entry

MOST = 2000  # rows of a page


@dataclass(frozen=True, slots=True)
class Row:
    entry: Entry
    lines: int | None = None
    language: str = ""
    touched_at: datetime | None = None  # of a file that the stored history speaks of


def rows_of_folder(folder: OpenedFolder) -> list[Row]:
    """Return the names of a folder that its reader may see, with lines and last changes of files."""
    shown = folder.entries[:MOST]
    paths = [entry.path for entry in shown if not entry.is_folder]
    documents = Document.objects.filter(
        source=folder.source, path__in=paths, refs__contains=[folder.ref.pk]
    )
    fields = ("path", "blob__line_count", "blob__language", "touched_at")
    facts = {path: rest for path, *rest in documents.values_list(*fields)}
    return [Row(entry, *facts.get(entry.path, ())) for entry in shown]
