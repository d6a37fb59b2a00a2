"""Who may know, when nothing answers a question: owners and authors of the nearest lines.

Only of lines that the reader may read: a name is shown with the place that it was found for.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from appliance.conversations.visible import visible
from indexer import mirrors
from indexer.fetching.history import line_authors
from indexer.models import Document, Source
from indexer.reading.owners import PLACES, owners_of
from indexer.retrieval.hits import Hit
from indexer.scope import Scope

SECONDS = 4.0  # after which no further file is looked at; one takes 5 s at most
PER_PLACE = 2


@dataclass(frozen=True, slots=True)
class Expert:
    """Somebody named by CODEOWNERS, or who wrote most of the nearest lines."""

    name: str
    source: str
    path: str
    how: str  # owner, author
    lines: int = 0  # of an author, of the passage
    wrote_at: str = ""  # of an author's newest line, ISO 8601


def experts_for(hits: Sequence[Hit], scope: Scope) -> tuple[Expert, ...]:
    """Return whom to ask about these passages, nearest first, each person once."""
    deadline = time.monotonic() + SECONDS
    experts: dict[str, Expert] = {}
    for hit in hits:
        if time.monotonic() > deadline:
            break
        if scope.allows(hit.source_id, hit.path):
            for expert in (*_owners(hit, scope), *_authors(hit)):
                experts.setdefault(expert.name, expert)
    return tuple(experts.values())


def writers_of(hits: Sequence[Hit], open_ids: Collection[int]) -> tuple[Expert, ...]:
    """Return who wrote most of each passage of the sources where anybody may write."""
    deadline = time.monotonic() + SECONDS
    writers: list[Expert] = []
    for hit in hits:
        if hit.source_id in open_ids and time.monotonic() < deadline:
            writers += list(_authors(hit))[:1]
    return tuple(writers)


def _owners(hit: Hit, scope: Scope) -> Iterator[Expert]:
    readable = [path for path in PLACES if scope.allows(hit.source_id, path)]
    documents = Document.objects.filter(source_id=hit.source_id, path__in=readable)
    live = documents.filter(source__refs__commit=hit.commit).select_related("blob").distinct()
    by_path = {document.path: document for document in live}
    found = next((by_path[path] for path in PLACES if path in by_path), None)
    for name in owners_of(found.blob.text, hit.path)[:PER_PLACE] if found else ():
        yield Expert(name, hit.source, hit.path, "owner")


def _authors(hit: Hit) -> Iterator[Expert]:
    """Yield who wrote the lines; a document whose text was extracted has no lines of its own."""
    is_extracted = Document.objects.filter(
        source_id=hit.source_id, path=hit.path, blob_id=hit.blob_id
    ).exclude(blob__format="")
    if is_extracted.exists():
        return
    source = Source.objects.filter(pk=hit.source_id).first()
    if source is None:
        return
    authors = line_authors(mirrors.nearest(source), hit.commit, hit.path, hit.span)
    for author in authors[:PER_PLACE]:
        if name := visible(author.name).strip():
            moment = author.wrote_at.isoformat()
            yield Expert(name, hit.source, hit.path, "author", author.lines, moment)
