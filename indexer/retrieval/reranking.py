"""Reads the best documents beside the question once more, with a cross-encoder, if there is one.

Within its time or not at all: whatever goes wrong, the order before it stands, and `legs` of the
result says whether it took part.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from indexer import clients
from indexer.embedding.embedder import chunk_text
from indexer.models import Chunk
from indexer.retrieval.fusion import RankedDocument
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

RERANK = "rerank"  # as a leg of the result
READ = 30  # documents, each by its best chunk
MAX_TEXT = 4000  # characters of a chunk: rerankers are made for about 500 tokens
MAX_ASKED = 1000  # characters of the question


def reranked(query: str, ranked: Sequence[RankedDocument]) -> tuple[list[RankedDocument], bool]:
    """Return the documents in their final order, and whether the reranker decided it.

    The best ones trade places; their scores stay where they were, so that the list falls evenly.
    """
    reranker = clients.reranker()
    if reranker is None or len(ranked) < 2:
        return list(ranked), False
    best = list(ranked[:READ])
    try:
        scores = reranker.scores(query[:MAX_ASKED], _texts(best))
    except InferenceError as exc:
        logger.warning("search without the reranker: %s", exc)
        return list(ranked), False
    order = sorted(range(len(best)), key=lambda place: -scores[place])
    moved = [
        replace(best[place], score=seat.score) for place, seat in zip(order, best, strict=True)
    ]
    return [*moved, *ranked[READ:]], True


def _texts(ranked: Sequence[RankedDocument]) -> list[str]:
    """Return what stands for each document: its path and the lines of its best chunk."""
    wanted = [one.chunks[0].chunk_id for one in ranked if one.chunks]
    chunks = Chunk.objects.select_related("blob").in_bulk(wanted)
    texts = []
    for one in ranked:
        chunk = chunks.get(one.chunks[0].chunk_id) if one.chunks else None
        body = "\n".join(chunk.span.lines_of(chunk.blob.text)) if chunk else ""
        text = chunk_text(one.document.path, chunk.context if chunk else "", body)
        texts.append(text[:MAX_TEXT])
    return texts
