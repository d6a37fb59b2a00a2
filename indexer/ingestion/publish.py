"""Make a commit live for one ref, in one transaction: readers see the old tree or the new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Func, QuerySet, Value
from django.utils import timezone

from indexer.fetching.tree import TreeEntry
from indexer.ingestion.changes import SkippedPath
from indexer.ingestion.jobs import fence
from indexer.lexical.terms import path_terms, term_id
from indexer.models import Blob, Document, Job, Ref, SkippedFile
from indexer.reading.roles import document_role
from indexer.skips import Skip, SkipReason

BATCH = 2000


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """A ref as the fetch resolved it."""

    name: str
    is_default: bool
    commit: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    ref: Ref
    files: int
    files_changed: int
    skipped: dict[str, int]  # reason -> count


def publish(
    job: Job,
    update: RefUpdate,
    entries: Sequence[TreeEntry],
    skipped: Sequence[SkippedPath],
) -> Published:
    """Point the ref at the commit: its documents, its skipped files and nothing else change."""
    blobs = _blobs_of(entries)
    wanted: dict[str, Blob] = {}
    all_skipped = list(skipped)
    for entry in entries:
        blob = blobs[entry.object_id]
        if blob.skip_reason:
            skip = Skip(SkipReason(blob.skip_reason), blob.skip_detail)
            all_skipped.append(SkippedPath(entry.path, skip, entry.size or 0))
        else:
            wanted[entry.path] = blob
    with transaction.atomic():
        fence(job)
        ref = _upsert_ref(job, update)
        files_changed = _replace_documents(ref, wanted)
        counts = _replace_skipped(ref, all_skipped)
    return Published(ref, len(wanted), files_changed, counts)


def drop_other_refs(job: Job, names: Sequence[str]) -> None:
    """Stop following refs that are no longer asked for, with the documents only they hold."""
    with transaction.atomic():
        fence(job)
        for ref in Ref.objects.filter(source=job.source).exclude(name__in=names):
            _leave(_documents_in(ref), ref)
            ref.delete()


def _blobs_of(entries: Sequence[TreeEntry]) -> dict[str, Blob]:
    """Return the blobs without their text."""
    oids = sorted({entry.object_id for entry in entries})
    blobs: dict[str, Blob] = {}
    for start in range(0, len(oids), BATCH):
        found = Blob.objects.filter(oid__in=oids[start : start + BATCH]).defer("text")
        blobs.update((blob.oid, blob) for blob in found)
    return blobs


def _upsert_ref(job: Job, update: RefUpdate) -> Ref:
    ref, _ = Ref.objects.update_or_create(
        source=job.source,
        name=update.name,
        defaults={
            "is_default": update.is_default,
            "commit": update.commit,
            "committed_at": update.committed_at,
            "live_at": timezone.now(),
        },
    )
    if update.is_default:
        # The default may have been renamed: readers see the one or the other, never both.
        others = Ref.objects.filter(source=job.source, is_default=True).exclude(pk=ref.pk)
        others.update(is_default=False)
    return ref


def _documents_in(ref: Ref) -> QuerySet[Document]:
    return Document.objects.filter(source_id=ref.source_id, refs__contains=[ref.pk])


def _replace_documents(ref: Ref, wanted: dict[str, Blob]) -> int:
    """Make exactly these documents live in the ref; return how many paths differ from before."""
    live = {
        path: (pk, blob_id)
        for pk, path, blob_id in _documents_in(ref).values_list("pk", "path", "blob_id")
    }
    gone = [pk for path, (pk, blob_id) in live.items() if _blob_id(wanted, path) != blob_id]
    added = {
        path: blob for path, blob in wanted.items() if path not in live or live[path][1] != blob.pk
    }
    for start in range(0, len(gone), BATCH):
        _leave(Document.objects.filter(pk__in=gone[start : start + BATCH]), ref)
    _join(ref, added)
    return len(added.keys() | {path for path in live if path not in wanted})


def _blob_id(wanted: dict[str, Blob], path: str) -> int | None:
    return wanted[path].pk if path in wanted else None


def _leave(documents: QuerySet[Document], ref: Ref) -> None:
    """Take documents out of a ref, and away when no ref holds them any more."""
    ids = list(documents.values_list("pk", flat=True))
    Document.objects.filter(pk__in=ids).update(
        refs=Func(F("refs"), Value(ref.pk), function="array_remove")
    )
    Document.objects.filter(pk__in=ids, refs__len=0).delete()


def _join(ref: Ref, added: dict[str, Blob]) -> None:
    """Add documents to a ref: rows that other refs made are shared, the rest are new."""
    paths = list(added)
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        elsewhere = {
            (path, blob_id): pk
            for pk, path, blob_id in Document.objects.filter(
                source_id=ref.source_id, path__in=batch
            ).values_list("pk", "path", "blob_id")
        }
        shared = [
            elsewhere[path, added[path].pk] for path in batch if (path, added[path].pk) in elsewhere
        ]
        Document.objects.filter(pk__in=shared).update(
            refs=Func(F("refs"), Value(ref.pk), function="array_append")
        )
        Document.objects.bulk_create(
            Document(
                source_id=ref.source_id,
                path=path,
                blob=added[path],
                refs=[ref.pk],
                role=document_role(path),
                path_terms=sorted({term_id(term) for term in path_terms(path)}),
            )
            for path in batch
            if (path, added[path].pk) not in elsewhere
        )


def _replace_skipped(ref: Ref, skipped: Sequence[SkippedPath]) -> dict[str, int]:
    SkippedFile.objects.filter(ref=ref).delete()
    counts: dict[str, int] = {}
    for entry in skipped:
        counts[entry.skip.reason.value] = counts.get(entry.skip.reason.value, 0) + 1
    SkippedFile.objects.bulk_create(
        [
            SkippedFile(
                ref=ref,
                path=entry.path,
                reason=entry.skip.reason.value,
                detail=entry.skip.detail[:200],
                size_bytes=entry.size_bytes,
            )
            for entry in skipped
        ],
        batch_size=BATCH,
    )
    return dict(sorted(counts.items()))


def live_chunks(ref: Ref) -> int:
    """Return how many chunks the documents of a ref have, each blob counted once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM indexer_chunk WHERE blob_id IN"
            " (SELECT blob_id FROM indexer_document WHERE source_id = %s AND %s = ANY(refs))",
            [ref.source_id, ref.pk],
        )
        return int(cursor.fetchone()[0])
