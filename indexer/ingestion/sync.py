"""The sync flow: fetch, read, chunk, store, live for words; embed, live for vectors.

Every step may be run again: content is keyed by its blob, a ref goes live in one transaction,
and each write is refused once another worker holds the job.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from django.conf import settings

from indexer import clients, sealing
from indexer.errors import FetchFailed, FetchRefused, LeaseLost
from indexer.fetching.location import parse_location
from indexer.fetching.mirror import commit_facts, fetch, list_tree, read_blobs
from indexer.fetching.tree import TreeEntry
from indexer.fetching.values import Credential, ResolvedRef, SshKey
from indexer.ingestion import jobs
from indexer.ingestion.changes import TreePlan, plan_tree, unseen
from indexer.ingestion.embed import embed_missing
from indexer.ingestion.prepare import PreparedBlob, prepare
from indexer.ingestion.publish import RefUpdate, drop_other_refs, live_chunks, publish
from indexer.ingestion.store import store_blobs
from indexer.models import Job, Revision, Source
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

BATCH_BLOBS = 200
BATCH_BYTES = 4 * 1024 * 1024

OnProgress = Callable[[str, int, int], None]  # phase, done, total


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync brought; `sync --json` prints it for the default ref, refs summed."""

    commit: str
    files: int
    files_changed: int
    chunks: int
    chunks_embedded: int
    seconds_lexical: float
    seconds_vector: float | None  # None: the embedding model is not available, words work
    skipped: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


class _Beat(jobs.Heartbeat):
    """A heartbeat that also tells whoever watches in this process."""

    def __init__(self, job: Job, on_progress: OnProgress | None) -> None:
        super().__init__(job)
        self.on_progress = on_progress

    def beat(self, phase: str, done: int, total: int) -> None:
        super().beat(phase, done, total)
        if self.on_progress:
            self.on_progress(phase, done, total)


def sync(job: Job, on_progress: OnProgress | None = None) -> SyncReport:
    """Run a claimed job to its end and record how it ended.

    Raises FetchRefused, FetchFailed or LeaseLost. An embedding model that does not answer fails
    nothing: the source is searchable by words, and the next sync fills in the vectors.
    """
    heartbeat = _Beat(job, on_progress)
    try:
        report = _sync(job, heartbeat)
    except FetchRefused as exc:
        jobs.fail(job, exc.code, str(exc))
        logger.warning("sync source=%s refused=%s", job.source_id, exc.code)
        raise
    except FetchFailed as exc:
        jobs.retry_later(job, str(exc))
        logger.warning("sync source=%s failed attempt=%s", job.source_id, job.attempt)
        raise
    except LeaseLost:
        logger.warning("sync source=%s lease lost attempt=%s", job.source_id, job.attempt)
        raise
    except (Exception, KeyboardInterrupt) as exc:
        # Nobody works on it any more: say so at once, not when the lease runs out.
        jobs.retry_later(job, f"The sync broke off ({type(exc).__name__}): see the log.")
        raise
    jobs.finish(job)
    logger.info(
        "sync source=%s commit=%s files=%s changed=%s chunks=%s embedded=%s seconds=%.1f",
        job.source_id,
        report.commit[:12],
        report.files,
        report.files_changed,
        report.chunks,
        report.chunks_embedded,
        report.seconds_vector or report.seconds_lexical,
    )
    return report


def _sync(job: Job, heartbeat: _Beat) -> SyncReport:
    started = time.monotonic()
    source = job.source
    heartbeat.beat("fetch", 0, 0)
    resolved = _fetch(source, heartbeat)
    revisions = [
        _bring_live(job, ref, is_default=number == 0, heartbeat=heartbeat, started=started)
        for number, ref in enumerate(resolved)
    ]
    drop_other_refs(job, [ref.name for ref in resolved])
    for revision in revisions:
        _add_vectors(job, revision, heartbeat, started)
    return _report(revisions)


def _fetch(source: Source, heartbeat: _Beat) -> Sequence[ResolvedRef]:
    """Bring the mirror up to date; return the followed refs, the default one first."""
    policy = clients.location_policy(from_command_line=source.from_command_line)
    fetched = fetch(
        parse_location(source.location, policy),
        clients.mirror_of(source),
        refs=tuple(source.ref_names),
        credential=credential_of(source),
        policy=policy,
        limits=clients.fetch_limits(),
        on_progress=lambda progress: heartbeat.beat("fetch", progress.done, progress.total or 0),
    )
    return list(fetched.refs.values())


def credential_of(source: Source) -> Credential | SshKey | None:
    if not source.credential:
        return None
    return sealing.unseal(source.credential, key=settings.SECRET_KEY)


def _bring_live(
    job: Job, ref: ResolvedRef, *, is_default: bool, heartbeat: _Beat, started: float
) -> Revision:
    """Read what is new at the commit and make it live for lexical search."""
    mirror = clients.mirror_of(job.source)
    facts = commit_facts(mirror, ref.commit)
    plan = plan_tree(list_tree(mirror, ref.commit), max_bytes=clients.max_file_bytes())
    _store_unseen(job, plan, heartbeat)
    update = RefUpdate(ref.name, is_default, ref.commit, facts.committed_at)
    published = publish(job, update, plan.entries, plan.skipped)
    return Revision.objects.create(
        ref=published.ref,
        commit=ref.commit,
        files=published.files,
        files_changed=published.files_changed,
        chunks=live_chunks(published.ref),
        skipped=published.skipped,
        seconds_lexical=round(time.monotonic() - started, 3),
    )


def _store_unseen(job: Job, plan: TreePlan, heartbeat: _Beat) -> None:
    new = unseen(plan.entries)
    done = 0
    heartbeat.beat("read", 0, len(new))
    for batch in _batches(job, new):
        store_blobs(job, batch)
        done += len(batch)
        heartbeat.beat("read", done, len(new))


def _batches(job: Job, new: dict[str, TreeEntry]) -> Iterator[list[PreparedBlob]]:
    """Yield prepared blobs in batches that fit in memory whatever the repository."""
    mirror = clients.mirror_of(job.source)
    max_bytes = clients.max_file_bytes()
    batch: list[PreparedBlob] = []
    size_bytes = 0
    for oid, content in read_blobs(mirror, list(new), largest_blob=max_bytes):
        batch.append(prepare(oid, new[oid].path, content, max_bytes=max_bytes))
        size_bytes += len(content)
        if len(batch) >= BATCH_BLOBS or size_bytes >= BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _add_vectors(job: Job, revision: Revision, heartbeat: _Beat, started: float) -> None:
    try:
        revision.chunks_embedded = embed_missing(job, revision.ref, clients.embedder(), heartbeat)
    except InferenceError as exc:
        logger.warning("sync source=%s vectors missing: %s", job.source_id, exc)
        return
    revision.seconds_vector = round(time.monotonic() - started, 3)
    revision.save(update_fields=["chunks_embedded", "seconds_vector"])


def _report(revisions: Sequence[Revision]) -> SyncReport:
    first = revisions[0]
    vectors = [revision.seconds_vector for revision in revisions]
    return SyncReport(
        commit=first.commit,
        files=first.files,
        files_changed=sum(revision.files_changed for revision in revisions),
        chunks=first.chunks,
        chunks_embedded=sum(revision.chunks_embedded for revision in revisions),
        seconds_lexical=max(revision.seconds_lexical for revision in revisions),
        seconds_vector=max(s for s in vectors if s is not None)
        if all(s is not None for s in vectors)
        else None,
        skipped=first.skipped,
    )
