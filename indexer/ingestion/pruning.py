"""Delete content that no document and no evidence points to any more."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import PROTECT, QuerySet

from indexer.errors import FetchFailed
from indexer.fetching.mirror import delete_mirror
from indexer.models import Blob, Chunk, Job, Source

logger = logging.getLogger(__name__)

BATCH = 500

# The postings of a batch lose the chunks that are gone; a term that has none left loses its row.
SHRINK = """
WITH shrunk AS (
    SELECT posting.id,
           array_agg(entry.chunk_id ORDER BY entry.chunk_id)
               FILTER (WHERE NOT entry.chunk_id = ANY(%(gone)s::bigint[])) AS chunk_ids,
           array_agg(entry.frequency ORDER BY entry.chunk_id)
               FILTER (WHERE NOT entry.chunk_id = ANY(%(gone)s::bigint[])) AS frequencies
      FROM indexer_posting AS posting
     CROSS JOIN LATERAL unnest(posting.chunk_ids, posting.frequencies)
        AS entry(chunk_id, frequency)
     WHERE posting.chunk_ids && %(gone)s::bigint[]
     GROUP BY posting.id
)
UPDATE indexer_posting AS posting
   SET chunk_ids = coalesce(shrunk.chunk_ids, '{}'), frequencies = coalesce(shrunk.frequencies, '{}')
  FROM shrunk
 WHERE posting.id = shrunk.id
"""


def unused_blobs() -> QuerySet[Blob]:
    """Return the blobs that nothing holds: no document, and no row of another app either."""
    unused = Blob.objects.order_by("pk")
    for relation in Blob._meta.related_objects:
        if relation.on_delete is PROTECT:
            unused = unused.filter(**{f"{relation.field.related_query_name()}__isnull": True})
    return unused


def prune() -> int:
    """Delete unused blobs with their chunks, vectors and postings; return how many blobs went.

    Does nothing while a sync runs, because content is stored before the documents that will
    point to it; the lock keeps one from starting between that check and the deletion.
    """
    removed = 0
    while batch := _prune_batch():
        removed += batch
    if removed:
        logger.info("prune blobs=%s", removed)
    return removed


def _prune_batch() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE indexer_job IN SHARE ROW EXCLUSIVE MODE")
        if Job.objects.filter(state=Job.State.RUNNING).exists():
            return 0
        blob_ids = list(unused_blobs().values_list("pk", flat=True)[:BATCH])
        if not blob_ids:
            return 0
        gone = list(Chunk.objects.filter(blob_id__in=blob_ids).values_list("pk", flat=True))
        cursor.execute(SHRINK, {"gone": gone})
        cursor.execute("DELETE FROM indexer_posting WHERE chunk_ids = '{}'")
        Blob.objects.filter(pk__in=blob_ids).delete()
    return len(blob_ids)


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
