"""The search flow: every retriever behind the reader's scope, fusion, then the lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from indexer.models import Chunk, Source
from indexer.ranking.choice import trees_in_use
from indexer.ranking.ordering import ordered
from indexer.retrieval.fusion import RankedChunk, RankedDocument, fuse
from indexer.retrieval.gathering import gather
from indexer.retrieval.hits import Hit, SearchResult
from indexer.retrieval.queries import Visibility
from indexer.scope import Scope

MAX_QUERY = 8000  # characters looked at: a pasted stack trace, not a pasted file


class Place(NamedTuple):
    """A chunk of a document in the list of hits; None stands for the document's first chunk."""

    score: float
    document: RankedDocument
    chunk: RankedChunk | None


def search(
    query: str,
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    refs: Sequence[str] = (),
    limit: int = 20,
    per_document: int = 1,
) -> SearchResult:
    """Return the best chunks that the scope may read, at most `per_document` of one document.

    `source_names` narrows the scope and never widens it; names that the scope does not hold
    find nothing; `legs` says which retrievers took part.
    """
    query = _readable(query[:MAX_QUERY]).strip()
    if not query or not scope.source_ids:
        return SearchResult((), ())
    visibility = visibility_of(scope, source_names, refs)
    if not visibility.scope.source_ids:
        return SearchResult((), ())
    pools = gather(query, visibility)
    ranked = ordered(pools, fuse(pools), trees_in_use())
    hits = tuple(_hits(ranked, query, limit, per_document))
    similarity = pools.vector[0].score if pools.vector else 0.0
    return SearchResult(hits, pools.legs, similarity)


def visibility_of(scope: Scope, source_names: Collection[str], refs: Sequence[str]) -> Visibility:
    """Return what a question looks at: the scope, narrowed to sources and to refs."""
    return Visibility(_narrowed(scope, source_names), tuple(map(_readable, refs)))


def _narrowed(scope: Scope, source_names: Collection[str]) -> Scope:
    if not source_names:
        return scope
    names = [_readable(name) for name in source_names]
    return scope.narrowed_to(Source.objects.filter(name__in=names).values_list("pk", flat=True))


def _readable(text: str) -> str:
    """Return the text without what neither PostgreSQL nor a model server takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _hits(
    ranked: Sequence[RankedDocument], query: str, limit: int, per_document: int
) -> Iterator[Hit]:
    """Yield the hits with their lines, best first."""
    places = _places(ranked, limit, per_document)
    first_chunks = _first_chunks([place.document for place in places if place.chunk is None])
    wanted = {place.chunk.chunk_id for place in places if place.chunk} | set(first_chunks.values())
    chunks = Chunk.objects.select_related("blob").in_bulk(wanted)
    words = _words(query)
    for place in places:
        blob_id = place.document.document.blob_id
        chunk_id = place.chunk.chunk_id if place.chunk else first_chunks.get(blob_id)
        if chunk_id in chunks:
            yield _hit(place, chunks[chunk_id], words)


def _places(ranked: Sequence[RankedDocument], limit: int, per_document: int) -> list[Place]:
    """Return which chunk of which document is shown, best first.

    A document found by its path alone has no chunk of its own; its first one stands for it. A
    second chunk of a document counts by its share of the best one.
    """
    places: list[Place] = []
    for document in ranked[:limit]:
        if not document.chunks:
            places.append(Place(document.score, document, None))
            continue
        best = document.chunks[0].score or 1.0
        places.extend(
            Place(document.score * chunk.score / best, document, chunk)
            for chunk in document.chunks[:per_document]
        )
    return sorted(places, key=lambda place: -place.score)[:limit]


def _first_chunks(ranked: Sequence[RankedDocument]) -> dict[int, int]:
    """Return the first chunk's id of each document's blob."""
    blob_ids = [document.document.blob_id for document in ranked]
    rows = Chunk.objects.filter(blob_id__in=blob_ids, ordinal=0).values_list("blob_id", "pk")
    return dict(rows)


def _hit(place: Place, chunk: Chunk, words: tuple[str, ...]) -> Hit:
    document = place.document.document
    legs = place.chunk.legs if place.chunk else ()
    return Hit(
        source_id=document.source_id,
        source=document.source,
        path=document.path,
        commit=document.commit,
        blob_id=document.blob_id,
        span=chunk.span,
        symbol=chunk.symbol,
        kind=chunk.kind,
        language=chunk.blob.language,
        score=place.score,
        legs=(*legs, *place.document.legs),
        text="\n".join(chunk.span.lines_of(chunk.blob.text)),
        matched=words,
    )


def _words(query: str) -> tuple[str, ...]:
    """Return the query's words as a reader would look for them, longest first."""
    found = {word.lower() for word in re.findall(r"\w{3,}", query)}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))
