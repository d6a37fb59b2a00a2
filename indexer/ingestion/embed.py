"""Fill in the vectors that a source's chunks do not have yet."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils import timezone

from indexer import clients
from indexer.embedding.embedder import Embedder, chunk_text
from indexer.errors import JobYielded, LeaseLost, SourcePaused
from indexer.ingestion import jobs
from indexer.ingestion.store import store_embeddings
from indexer.models import Blob, Chunk, Job, Ref, Revision
from indexer.succession import coming_recipe, settle
from inference.errors import InferenceError, RequestRejected

logger = logging.getLogger(__name__)

BATCH = 64
SHORTENINGS = 4  # halvings of a text that the model refuses

# One chunk and one path a text are enough: what is embedded names where it was first seen. The
# default ref comes first, and in it the order of the blobs, which is that of the tree.
MISSING = """
SELECT DISTINCT ON (chunk.digest) chunk.digest, chunk.id, document.path
  FROM indexer_document AS document
  JOIN indexer_chunk AS chunk ON chunk.blob_id = document.blob_id
 WHERE document.source_id = %(source_id)s AND %(ref_id)s::bigint = ANY(document.refs)
   AND NOT EXISTS (SELECT 1 FROM indexer_embedding AS embedding
                    WHERE embedding.digest = chunk.digest AND embedding.model = %(model)s)
 ORDER BY chunk.digest, chunk.id, document.path
"""


@dataclass(frozen=True, slots=True)
class MissingText:
    digest: UUID
    chunk_id: int
    path: str


def embed(job: Job, heartbeat: jobs.Heartbeat | None = None) -> int:
    """Run a claimed embedding job; return how many vectors were stored.

    A model that does not answer pauses the job (InferenceError is raised after that was written
    down); what was stored before stays, and search uses what is there.
    """
    heartbeat = heartbeat or jobs.Heartbeat(job, may_yield=True)
    try:
        settle()
        stored = _embed_models(job, heartbeat)
    except InferenceError as exc:
        jobs.wait_for_model(job, f"The embedding model does not answer: {exc}")
        logger.warning("embed source=%s waits: %s", job.source_id, exc)
        raise
    except LeaseLost:
        raise
    except (JobYielded, SourcePaused):
        jobs.release(job)
        raise
    except (Exception, KeyboardInterrupt) as exc:
        jobs.retry_later(job, f"Embedding broke off ({type(exc).__name__}): see the log.")
        raise
    if stored:
        jobs.finish(job)
        logger.info("embed source=%s embedded=%s", job.source_id, stored)
    else:
        jobs.forget(job)
    return stored


def _embed_models(job: Job, heartbeat: jobs.Heartbeat) -> int:
    """Make the vectors of the model in use, then those of the one that shall follow it.

    Either may be away without holding up the other: the old one's server is often gone when the
    new one is wanted.
    """
    stored, away = 0, None
    try:
        stored = _embed_refs(job, clients.embedder(), heartbeat)
    except InferenceError as exc:
        away = exc
    if coming := coming_recipe():
        try:
            stored += _embed_beside(job, clients.embedder(coming), heartbeat)
        except InferenceError as exc:
            # Looked at again by indexer.evaluation.takeover, which has the rest embedded.
            logger.warning("embed source=%s model=%s waits: %s", job.source_id, coming.name, exc)
    if away is not None:
        raise away
    return stored


def _embed_beside(job: Job, embedder: Embedder, heartbeat: jobs.Heartbeat) -> int:
    refs = Ref.objects.filter(source=job.source).order_by("-is_default", "pk")
    return sum(_embed_ref(job, ref, None, embedder, heartbeat) for ref in refs)


def _embed_refs(job: Job, embedder: Embedder, heartbeat: jobs.Heartbeat) -> int:
    stored = 0
    for ref in Ref.objects.filter(source=job.source).order_by("-is_default", "pk"):
        # What is live now, not what may go live while this runs: that has a job of its own.
        newest = Revision.objects.filter(ref=ref).first()
        stored += _embed_ref(job, ref, newest, embedder, heartbeat)
        if newest is not None and newest.seconds_vector is None:
            since_live = (timezone.now() - newest.live_at).total_seconds()
            newest.seconds_vector = round(newest.seconds_lexical + since_live, 3)
            newest.save(update_fields=["seconds_vector"])
    return stored


def _embed_ref(
    job: Job,
    ref: Ref,
    newest: Revision | None,
    embedder: Embedder,
    heartbeat: jobs.Heartbeat,
) -> int:
    missing = missing_texts(ref, embedder.model)
    stored = 0
    size = max(BATCH, embedder.batch_size)
    for start in range(0, len(missing), size):
        heartbeat.beat("embed", start, len(missing))
        batch = missing[start : start + size]
        texts = texts_of(batch)
        present = [one for one in batch if one.chunk_id in texts]
        vectors = vectors_of([texts[one.chunk_id] for one in present], embedder)
        new = store_embeddings(job, embedder.model, [one.digest for one in present], vectors)
        stored += new
        if newest is not None:
            Revision.objects.filter(pk=newest.pk).update(chunks_embedded=F("chunks_embedded") + new)
        heartbeat.make_room()
    if missing:
        heartbeat.beat("embed", len(missing), len(missing))
    return stored


def missing_texts(ref: Ref, model: str) -> list[MissingText]:
    """Return the texts of a ref that have no vector of this model, in the order of their chunks."""
    with connection.cursor() as cursor:
        cursor.execute(MISSING, {"source_id": ref.source_id, "ref_id": ref.pk, "model": model})
        return sorted((MissingText(*row) for row in cursor), key=lambda one: one.chunk_id)


def texts_of(batch: Sequence[MissingText]) -> dict[int, str]:
    """Return what is embedded, by chunk; chunks that were pruned meanwhile are left out."""
    paths = {one.chunk_id: one.path for one in batch}
    chunks = Chunk.objects.filter(pk__in=paths).values_list(
        "pk", "blob_id", "start_line", "end_line", "context"
    )
    rows = list(chunks)
    # Each blob once: many chunks are from one, and its text is many times theirs.
    blobs = Blob.objects.filter(pk__in={blob for _, blob, *_ in rows}).values_list("pk", "text")
    lines = {pk: text.split("\n") for pk, text in blobs}
    return {
        pk: chunk_text(paths[pk], context, "\n".join(lines[blob][start - 1 : end]))
        for pk, blob, start, end, context in rows
        if blob in lines  # not pruned meanwhile
    }


def vectors_of(texts: Sequence[str], embedder: Embedder) -> list[list[float] | None]:
    """Embed texts; one that the model refuses is shortened, and left out when that does not help.

    Raises ModelUnavailable, and RequestRejected when it refuses any text whatever.
    """
    try:
        return list(embedder.embed_chunks(texts))
    except RequestRejected:
        embedder.embed_chunks(["Is it this text, or every text?"])
    return [_vector_of(text, embedder) for text in texts]


def _vector_of(text: str, embedder: Embedder) -> list[float] | None:
    for _ in range(SHORTENINGS + 1):
        try:
            return embedder.embed_chunks([text])[0]
        except RequestRejected as exc:
            logger.warning(
                "the embedding model refuses a text of %s characters: %s", len(text), exc
            )
            text = text[: len(text) // 2]
    return None
