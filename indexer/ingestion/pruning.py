"""Delete content that no document and no evidence points to any more."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import PROTECT, QuerySet

from indexer.errors import FetchFailed
from indexer.fetching.mirror import delete_mirror
from indexer.ingestion.passages import drop_passages, passages_of
from indexer.ingestion.trigrams import drop_trigrams
from indexer.models import Blob, Chunk, Embedding, Finding, Job, NamesUsed, Source
from indexer.succession import outdated_models

logger = logging.getLogger(__name__)

BATCH = 500
UPLOAD_AGE_S = 24 * 3600

DELETE_EMBEDDINGS = """
DELETE FROM indexer_embedding AS embedding
 WHERE embedding.digest = ANY(%(digests)s::uuid[])
   AND NOT EXISTS (SELECT 1 FROM indexer_chunk AS chunk WHERE chunk.digest = embedding.digest)
"""


def unused_blobs() -> QuerySet[Blob]:
    """Return the blobs that nothing holds: no document, and no row of another app either.

    What a running job has stored is in use: the documents that will point to it come last.
    """
    running = Job.objects.filter(state=Job.State.RUNNING, kind=Job.Kind.SYNC)
    resting = Job.objects.filter(state=Job.State.QUEUED, kind=Job.Kind.SYNC, attempt__gt=0)
    unused = Blob.objects.exclude(stored_by__in=[*_ids(running), *_ids(resting)])
    for relation in Blob._meta.related_objects:
        if relation.on_delete is PROTECT:
            unused = unused.filter(**{f"{relation.field.related_query_name()}__isnull": True})
    return unused.order_by("pk")


def _ids(jobs: QuerySet[Job]) -> list[int]:
    return list(jobs.values_list("pk", flat=True))


def prune() -> int:
    """Delete unused blobs with all that belongs to them; return how many blobs went.

    Runs beside syncs: a sync that counted on content which goes here notices and reads it again.
    """
    removed = 0
    while batch := _prune_batch():
        removed += batch
    if removed:
        logger.info("prune blobs=%s", removed)
    return removed


def _prune_batch() -> int:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Locked, then looked at once more: a document may have come in between.
            candidates = list(unused_blobs().values_list("pk", flat=True)[:BATCH])
            locked = Blob.objects.select_for_update(skip_locked=True, of=("self",))
            held = list(locked.filter(pk__in=candidates).values_list("pk", flat=True))
            blob_ids = list(unused_blobs().filter(pk__in=held).values_list("pk", flat=True))
            chunks = Chunk.objects.filter(blob_id__in=blob_ids)
            digests = list(chunks.values_list("digest", flat=True))
            passages = passages_of(blob_ids)
            for model in (Chunk, NamesUsed, Finding):
                model._default_manager.filter(blob_id__in=blob_ids).delete()
            drop_passages(passages)
            drop_trigrams(blob_ids)
            cursor.execute(DELETE_EMBEDDINGS, {"digests": digests})
            Blob.objects.filter(pk__in=blob_ids)._raw_delete("default")
    except IntegrityError:  # something began to point to one of them: next time
        return 0
    return len(blob_ids)


def prune_vectors() -> int:
    """Delete the vectors of embedding models that have not been in use for a while."""
    removed = 0
    for model in outdated_models():
        removed += Embedding.objects.filter(model=model)._raw_delete("default")
    if removed:
        logger.info("prune vectors=%s", removed)
    return removed


def prune_mirrors() -> int:
    """Delete the mirrors of removed sources: one may have been fetched when its source went."""
    # The folders first: a source that is connected meanwhile is then among the known ones.
    folders = [path for path in Path(settings.MIRRORS_DIR).glob("*.git") if path.stem.isdecimal()]
    known = set(Source.objects.values_list("pk", flat=True))
    removed = 0
    for folder in folders:
        if int(folder.stem) in known:
            continue
        try:
            delete_mirror(folder)
        except FetchFailed:  # still busy: next time
            continue
        removed += 1
    return removed


def prune_uploads() -> int:
    """Delete uploads of which no source knows: whoever took them in was stopped half-way."""
    old = time.time() - UPLOAD_AGE_S
    files = [path for path in Path(settings.UPLOADS_DIR).glob("*") if path.lstat().st_mtime < old]
    archives = Source.objects.filter(kind=Source.Kind.ARCHIVE)
    known = {Path(location).name for location in archives.values_list("location", flat=True)}
    removed = [path for path in files if path.name not in known]
    for path in removed:
        path.unlink(missing_ok=True)
    return len(removed)
