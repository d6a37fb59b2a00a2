"""The search flow: every retriever behind the reader's scope, fusion, then the lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from indexer import clients
from indexer.models import Blob, Chunk, Source
from indexer.ranking.choice import trees_in_use, trees_of
from indexer.ranking.features import live_activity
from indexer.ranking.ordering import ordered
from indexer.retrieval.fusion import RankedDocument, fuse
from indexer.retrieval.gathering import gather
from indexer.retrieval.hits import Hit, SearchResult
from indexer.retrieval.places import Place, places_of
from indexer.retrieval.queries import Visibility
from indexer.retrieval.reranking import RERANK, reranked
from indexer.retrieval.variant import AS_USED, Then, Variant
from indexer.scope import Scope

MAX_QUERY = 8000  # characters looked at: a pasted stack trace, not a pasted file
PER_DOCUMENT = 3

Narrow = Callable[[Sequence[RankedDocument]], Sequence[RankedDocument]]


def search(
    query: str,
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    refs: Sequence[str] = (),
    limit: int = 20,
    per_document: int = PER_DOCUMENT,
    variant: Variant = AS_USED,
    then: Then | None = None,
    narrow: Narrow | None = None,
) -> SearchResult:
    """Return the best places that the scope may read, at most `per_document` of one document.

    `source_names` narrows the scope and never widens it; names that the scope does not hold
    find nothing; `legs` says which retrievers took part. `narrow` is given all documents that were
    found, best first, and returns those of which places are shown. For measuring: `variant` is
    another way to search, `then` a moment of the past to ask from.
    """
    query = _readable(query[:MAX_QUERY]).strip()
    if not query or not scope.source_ids:
        return SearchResult((), ())
    visibility = visibility_of(scope, source_names, refs)
    if not visibility.scope.source_ids:
        return SearchResult((), ())
    pools = gather(
        query,
        visibility,
        before=then.before if then else None,
        without=variant.without,
        embedding=variant.embedding,
    )
    trees = trees_of(variant.ranking) if variant.ranking else trees_in_use()
    activity_of = then.activity_of if then else live_activity
    ranked = ordered(pools, fuse(pools), trees, activity_of)
    legs = pools.legs
    if variant.is_reranked is not False:
        ranked, took_part = reranked(query, ranked)
        legs += (RERANK,) if took_part else ()
    if narrow is not None:
        ranked = list(narrow(ranked))
    hits = tuple(_hits(ranked, query, limit, per_document))
    similarity = pools.vector[0].score if pools.vector else 0.0
    return SearchResult(hits, legs, similarity, clients.embedder().near)


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
    places = list(places_of(ranked, limit=limit, per_document=per_document))
    chunks = Chunk.objects.in_bulk([place.chunk.chunk_id for place in places])
    blobs = Blob.objects.in_bulk({place.document.document.blob_id for place in places})
    words = _words(query)
    for place in places:
        blob = blobs.get(place.document.document.blob_id)
        if blob and (chunk := chunks.get(place.chunk.chunk_id)):
            yield _hit(place, chunk, blob, words)


def _hit(place: Place, chunk: Chunk, blob: Blob, words: tuple[str, ...]) -> Hit:
    document = place.document.document
    return Hit(
        source_id=document.source_id,
        source=document.source,
        path=document.path,
        commit=document.commit,
        blob_id=document.blob_id,
        span=place.span,
        symbol=chunk.symbol,
        kind=chunk.kind,
        language=blob.language,
        score=place.score,
        legs=(*place.legs, *place.document.legs),
        text="\n".join(place.span.lines_of(blob.text)),
        matched=words,
        core=chunk.span,
    )


def _words(query: str) -> tuple[str, ...]:
    """Return the query's words as a reader would look for them, longest first."""
    found = {word.lower() for word in re.findall(r"\w{3,}", query)}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))
