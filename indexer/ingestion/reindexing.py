"""Have the next sync read a source's files again, in place."""

from __future__ import annotations

from django.db import transaction

from indexer.models import Blob, Ref, Source


def forget_reading(source: Source) -> int:
    """Mark the source's contents as made by no present reader; return how many.

    Their text, chunks and vectors stay where they are and are searched until the next sync
    replaces each. Contents that other sources share are read again for all of them.
    """
    with transaction.atomic():
        Ref.objects.filter(source=source).update(plan_key="")
        blobs = Blob.objects.filter(pk__in=source.documents.values("blob_id"))
        return blobs.update(reader_version=0)
