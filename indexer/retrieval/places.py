"""Which lines of the documents that were found are shown, and how far around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.models import Chunk
from indexer.retrieval.fusion import RankedDocument
from indexer.spans import Span

# Places compete by the rank of their document, whatever its score: 1, 2/3, 1/2 ... A document's
# further chunks count by the square of their share of its best, so that further files come before
# weak places of a file that is shown already (docs/experiments.md).
RANK_DAMPING = 2.0
FURTHER_PLACES_POWER = 2.0
MAX_LINES = 80  # of one hit, its surroundings included


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk stands in its blob."""

    chunk_id: int
    ordinal: int
    span: Span


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a document: a chunk that was found, grown by the chunks around it."""

    score: float
    document: RankedDocument
    chunk: ChunkPlace
    legs: tuple[str, ...]  # that found the chunk; none when the document was found as a whole
    span: Span


def places_of(
    ranked: Sequence[RankedDocument], *, limit: int, per_document: int
) -> Iterator[Place]:
    """Yield what is shown, best first, at most `limit`.

    No line is in two places of one document: a chunk that an earlier place has grown over is left out.
    """
    documents = ranked[:limit]
    layout = _layout({one.document.blob_id for one in documents})
    shown: dict[int, set[int]] = defaultdict(set)  # ordinals, by document
    count = 0
    for score, document, at, legs in _wanted(documents, layout, per_document):
        taken = shown[document.document.document_id]
        if at in taken:
            continue
        chunks = layout[document.document.blob_id]
        first, last = _grown(at, chunks, _scores(document), taken)
        taken.update(range(first, last + 1))
        span = Span(chunks[first].span.start_line, chunks[last].span.end_line)
        yield Place(score, document, chunks[at], legs, span)
        count += 1
        if count == limit:
            return


def _wanted(
    documents: Sequence[RankedDocument],
    layout: Mapping[int, Sequence[ChunkPlace]],
    per_document: int,
) -> list[tuple[float, RankedDocument, int, tuple[str, ...]]]:
    """Return score, document, ordinal and legs of each chunk to show, best first.

    A document found as a whole has no chunk of its own; its first one stands for it.
    """
    wanted = []
    for rank, document in enumerate(documents):
        score = RANK_DAMPING / (RANK_DAMPING + rank)
        ordinals = {one.chunk_id: one.ordinal for one in layout.get(document.document.blob_id, ())}
        found = [chunk for chunk in document.chunks if chunk.chunk_id in ordinals][:per_document]
        best = found[0].score if found and found[0].score > 0 else 1.0
        wanted += [
            (
                score * (chunk.score / best) ** FURTHER_PLACES_POWER if further else score,
                document,
                ordinals[chunk.chunk_id],
                chunk.legs,
            )
            for further, chunk in enumerate(found)
        ]
        if ordinals and not found:
            wanted.append((score, document, 0, ()))
    return sorted(wanted, key=lambda one: -one[0])


def _grown(
    at: int, chunks: Sequence[ChunkPlace], scores: Mapping[int, float], taken: Collection[int]
) -> tuple[int, int]:
    """Return the first and last ordinal of a place: the neighbour that was found better first."""
    first = last = at
    while True:
        fitting = [
            near
            for near in (first - 1, last + 1)
            if 0 <= near < len(chunks)
            and near not in taken
            and _lines(chunks, min(first, near), max(last, near)) <= MAX_LINES
        ]
        if not fitting:
            return first, last
        best = max(fitting, key=lambda near: scores.get(chunks[near].chunk_id, 0.0))
        first, last = min(first, best), max(last, best)


def _lines(chunks: Sequence[ChunkPlace], first: int, last: int) -> int:
    return chunks[last].span.end_line - chunks[first].span.start_line + 1


def _scores(document: RankedDocument) -> dict[int, float]:
    return {chunk.chunk_id: chunk.score for chunk in document.chunks}


def _layout(blob_ids: Collection[int]) -> dict[int, list[ChunkPlace]]:
    """Return the chunks of each blob, in order."""
    rows = Chunk.objects.filter(blob_id__in=blob_ids).order_by("blob_id", "ordinal")
    layout: dict[int, list[ChunkPlace]] = defaultdict(list)
    fields = ("blob_id", "pk", "ordinal", "start_line", "end_line")
    for blob_id, chunk_id, ordinal, start, end in rows.values_list(*fields):
        layout[blob_id].append(ChunkPlace(chunk_id, ordinal, Span(start, end)))
    return layout
