"""Fill in the vectors that a ref's chunks do not have yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from indexer.embedding.embedder import Embedder, chunk_text
from indexer.ingestion.jobs import Heartbeat
from indexer.ingestion.store import store_embeddings
from indexer.models import Chunk, Job, Ref

BATCH = 64

# One path a blob is enough: the text that is embedded names where the content was first seen.
MISSING = """
SELECT chunk.id, document.path
  FROM (SELECT blob_id, min(path) AS path
          FROM indexer_document
         WHERE source_id = %(source_id)s AND %(ref_id)s = ANY(refs)
         GROUP BY blob_id) AS document
  JOIN indexer_chunk AS chunk ON chunk.blob_id = document.blob_id
 WHERE NOT EXISTS (SELECT 1 FROM indexer_embedding AS embedding
                    WHERE embedding.chunk_id = chunk.id AND embedding.model = %(model)s)
 ORDER BY chunk.blob_id, chunk.ordinal
"""


@dataclass(frozen=True, slots=True)
class MissingChunk:
    chunk_id: int
    path: str


def missing_chunks(ref: Ref, model: str) -> list[MissingChunk]:
    """Return the chunks of a ref that have no vector of this model."""
    with connection.cursor() as cursor:
        cursor.execute(MISSING, {"source_id": ref.source_id, "ref_id": ref.pk, "model": model})
        return [MissingChunk(*row) for row in cursor.fetchall()]


def embed_missing(job: Job, ref: Ref, embedder: Embedder, heartbeat: Heartbeat) -> int:
    """Embed what is missing, a batch a transaction; return how many vectors were stored.

    Raises inference.errors.InferenceError; what was stored before it stays.
    """
    missing = missing_chunks(ref, embedder.model)
    stored = 0
    for start in range(0, len(missing), BATCH):
        heartbeat.beat("embed", start, len(missing))
        batch = missing[start : start + BATCH]
        texts = dict(_texts(batch))
        present = [entry.chunk_id for entry in batch if entry.chunk_id in texts]
        vectors = embedder.embed_chunks([texts[chunk_id] for chunk_id in present])
        stored += store_embeddings(job, embedder.model, present, vectors)
    if missing:
        heartbeat.beat("embed", len(missing), len(missing))
    return stored


def _texts(batch: list[MissingChunk]) -> Iterator[tuple[int, str]]:
    paths = {entry.chunk_id: entry.path for entry in batch}
    for chunk in Chunk.objects.filter(pk__in=paths).select_related("blob"):
        body = "\n".join(chunk.span.lines_of(chunk.blob.text))
        yield chunk.pk, chunk_text(paths[chunk.pk], chunk.context, body)
