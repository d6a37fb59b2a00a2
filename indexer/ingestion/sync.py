"""The sync flow: fetch, compare, read, store, live for words; vectors follow in a job of their own.

Every step may be run again: content is keyed by its blob, a ref goes live in one transaction,
and each write is refused once another worker holds the job.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from indexer import archives, clients, mirrors, sealing
from indexer.confined.protocol import Answer, Question
from indexer.errors import (
    ContentVanished,
    FetchFailed,
    FetchRefused,
    JobYielded,
    LeaseLost,
    LocationRefused,
    SourcePaused,
)
from indexer.fetching.location import Location, parse_location
from indexer.fetching.mirror import commit_facts, fetch, read_blobs
from indexer.fetching.policy import LocationPolicy
from indexer.fetching.values import Credential, FetchedRefs, ResolvedRef, SshKey
from indexer.history.store import store_history
from indexer.ingestion import jobs
from indexer.ingestion.changes import Plan, PlannedPath, plan_ref, unseen
from indexer.ingestion.publish import RefUpdate, drop_other_refs, live_chunks, publish
from indexer.ingestion.store import store_blobs
from indexer.ingestion.withdrawal import note_access, note_refusal
from indexer.models import Job, Ref, Revision, Source
from indexer.reading.entries import max_bytes_for

logger = logging.getLogger(__name__)

BATCH_BLOBS = 200
BATCH_BYTES = 4 * 1024 * 1024
PUBLISH_ATTEMPTS = 3

OnProgress = Callable[[str, int, int], None]  # phase, done, total


class WatchedHeartbeat(jobs.Heartbeat):
    """A heartbeat that also tells whoever watches in this process."""

    def __init__(self, job: Job, on_progress: OnProgress | None) -> None:
        super().__init__(job)
        self.on_progress = on_progress

    def beat(self, phase: str, done: int, total: int) -> None:
        super().beat(phase, done, total)
        if self.on_progress:
            self.on_progress(phase, done, total)


def sync(job: Job, heartbeat: jobs.Heartbeat | None = None) -> list[Revision]:
    """Run a claimed job to its end and record how it ended; return what became live.

    Raises FetchRefused, FetchFailed, LeaseLost, JobYielded or SourcePaused. A job for the vectors
    is left behind when something is to be embedded.
    """
    heartbeat = heartbeat or jobs.Heartbeat(job, may_yield=True)
    started = time.monotonic()
    try:
        revisions = _sync(job, heartbeat, started)
    except FetchRefused as exc:
        _end_refused(job, exc)
        logger.warning("sync source=%s refused=%s", job.source_id, exc.code)
        raise
    except FetchFailed as exc:
        jobs.retry_later(job, str(exc))
        logger.warning("sync source=%s failed attempt=%s", job.source_id, job.attempt)
        raise
    except LeaseLost:
        logger.warning("sync source=%s lease lost attempt=%s", job.source_id, job.attempt)
        raise
    except (JobYielded, SourcePaused):
        jobs.release(job)
        raise
    except (Exception, KeyboardInterrupt) as exc:
        # Nobody works on it any more: say so at once, not when the lease runs out.
        jobs.retry_later(job, f"The sync broke off ({type(exc).__name__}): see the log.")
        raise
    if revisions or job.reason != Job.Reason.POLL:
        jobs.finish(job)
    else:
        jobs.forget(job)
    for revision in revisions:
        logger.info(
            "sync source=%s ref=%s commit=%s files=%s changed=%s chunks=%s seconds=%.1f",
            job.source_id,
            revision.ref_id,
            revision.commit[:12],
            revision.files,
            revision.files_changed,
            revision.chunks,
            revision.seconds_lexical,
        )
    return revisions


def _end_refused(job: Job, error: FetchRefused) -> None:
    """End the job, or have it ask once more before its source is hidden."""
    if note_refusal(job.source, error):
        jobs.retry_later(job, str(error))
    else:
        jobs.fail(job, error.code, str(error))


def _sync(job: Job, heartbeat: jobs.Heartbeat, started: float) -> list[Revision]:
    source = job.source
    heartbeat.beat("fetch", 0, 0)
    asked_at = timezone.now()  # a push that is noticed from here on may not be in what comes
    mirrors.at_hand(source)  # what another host fetched last
    fetched = _fetch(source, heartbeat)
    mirrors.hand_out(source, heartbeat)
    source.notes = list(fetched.notes)
    Source.objects.filter(pk=source.pk).update(checked_at=asked_at, notes=source.notes)
    note_access(source)
    archives.drop(source)
    resolved = list(fetched.refs.values())
    revisions = [
        revision
        for number, ref in enumerate(resolved)
        if (revision := _bring_live(job, ref, number == 0, heartbeat, started))
    ]
    drop_other_refs(job, [ref.name for ref in resolved])
    _store_history(job, resolved[0].commit, heartbeat)
    _note_freshness(source, revisions, asked_at)
    if revisions or _awaits_vectors(source):
        jobs.enqueue(source, Job.Kind.EMBED, job.reason)
    return revisions


def _store_history(job: Job, commit: str, heartbeat: jobs.Heartbeat) -> None:
    """Store the history of the default ref; search does without when git cannot read it."""
    try:
        store_history(
            job, clients.mirror_of(job.source), commit, partial(heartbeat.beat, "history")
        )
    except FetchFailed as exc:
        logger.warning("sync source=%s history not stored: %s", job.source_id, exc)


def _fetch(source: Source, heartbeat: jobs.Heartbeat) -> FetchedRefs:
    """Bring the mirror up to date; return the followed refs, the default one first."""
    if source.kind == Source.Kind.ARCHIVE:
        archives.receive(source)
    policy = clients.location_policy(
        from_command_line=source.from_command_line,
        is_upload=source.kind == Source.Kind.ARCHIVE,
    )
    return fetch(
        _location_of(source, policy),
        clients.mirror_of(source),
        refs=tuple(source.ref_names),
        credential=credential_of(source),
        policy=policy,
        limits=clients.fetch_limits(),
        on_progress=lambda progress: heartbeat.beat("fetch", progress.done, progress.total or 0),
    )


def _location_of(source: Source, policy: LocationPolicy) -> Location:
    """Parse the place again, because the policy may have changed; fetch looks at paths again."""
    if source.kind == Source.Kind.ARCHIVE:  # whose file goes once it has become a commit
        return Location("archive", source.location)
    location = parse_location(source.location, policy)
    if location.kind != source.kind:  # a repository that became a plain folder, and the like
        raise LocationRefused(
            "not_a_repository",
            f"{source.location} is no longer what was connected. Connect it again.",
        )
    return location


def credential_of(source: Source) -> Credential | SshKey | None:
    """Return the source's own credential, else the one that it shares with others."""
    sealed = source.credential
    if not sealed and source.shared_credential is not None:
        sealed = source.shared_credential.sealed
    return sealing.unseal(sealed, key=settings.SECRET_KEY) if sealed else None


def _bring_live(
    job: Job, resolved: ResolvedRef, is_default: bool, heartbeat: jobs.Heartbeat, started: float
) -> Revision | None:
    """Read what is new at the commit and make it live for words; None when nothing moved."""
    mirror = clients.mirror_of(job.source)
    live = Ref.objects.filter(source=job.source, name=resolved.name).first()
    plan = plan_ref(
        mirror,
        live,
        resolved.commit,
        patterns=job.source.exclude_patterns,
        max_bytes=clients.max_file_bytes(),
    )
    if is_default and (unused := plan.exclusions.notes):
        Source.objects.filter(pk=job.source_id).update(notes=[*job.source.notes, *unused])
    if live and plan.old_commit == resolved.commit and live.is_default == is_default:
        return None
    update = RefUpdate(
        resolved.name,
        resolved.kind,
        is_default,
        resolved.commit,
        commit_facts(mirror, resolved.commit).committed_at,
    )
    for _ in range(PUBLISH_ATTEMPTS - 1):
        _store_unseen(job, plan, heartbeat)
        try:
            return _go_live(job, update, plan, started)
        except ContentVanished:
            logger.warning("sync source=%s content was pruned meanwhile", job.source_id)
    _store_unseen(job, plan, heartbeat)
    return _go_live(job, update, plan, started)


def _go_live(job: Job, update: RefUpdate, plan: Plan, started: float) -> Revision:
    """Publish the commit and write that down, or neither: the next sync finds nothing to do."""
    with transaction.atomic():
        published = publish(job, update, plan)
        return Revision.objects.create(
            ref=published.ref,
            commit=update.commit,
            files=published.files,
            files_changed=published.files_changed,
            chunks=live_chunks(published.ref),
            skipped=published.skipped,
            seconds_lexical=round(time.monotonic() - started, 3),
        )


def _store_unseen(job: Job, plan: Plan, heartbeat: jobs.Heartbeat) -> None:
    """Read and store contents in batches that fit in memory whatever the repository."""
    total = sum(len(window) for window in unseen(plan.paths()))
    done = 0
    heartbeat.beat("read", 0, total)
    for batch in _batches(plan, clients.readers().read_all(_questions(plan))):
        store_blobs(job, batch)
        done += len(batch)
        heartbeat.beat("read", done, total)
        heartbeat.make_room()


def _questions(plan: Plan) -> Iterator[Question]:
    for window in unseen(plan.paths()):
        yield from _questions_of(plan.mirror, window, plan.max_bytes)


def _questions_of(
    mirror: Path, window: dict[str, PlannedPath], max_bytes: int
) -> Iterator[Question]:
    largest = max(max_bytes_for(planned.path, max_bytes) for planned in window.values())
    for oid, content in read_blobs(mirror, list(window), largest_blob=largest):
        path = window[oid].path
        yield Question(oid, path, content, max_bytes_for(path, max_bytes))


def _batches(plan: Plan, answers: Iterator[Answer]) -> Iterator[list[Answer]]:
    batch: list[Answer] = []
    size_bytes = 0
    for answer in chain(answers):
        batch.append(answer)
        size_bytes += answer.size_bytes
        if len(batch) >= BATCH_BLOBS or size_bytes >= BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _note_freshness(source: Source, revisions: Sequence[Revision], asked_at: datetime) -> None:
    """Write down how long a noticed push took, and that nothing is known to be missing."""
    pushed_at = Source.objects.values_list("pushed_at", flat=True).get(pk=source.pk)
    if pushed_at is None or pushed_at > asked_at:
        return
    for revision in revisions:
        revision.seconds_fresh = round((revision.live_at - pushed_at).total_seconds(), 3)
        revision.save(update_fields=["seconds_fresh"])
    Source.objects.filter(pk=source.pk, pushed_at=pushed_at).update(pushed_at=None)


def _awaits_vectors(source: Source) -> bool:
    """Return whether a revision has never had all its vectors."""
    newest = Revision.objects.filter(ref__source=source).order_by("ref_id", "-live_at", "-pk")
    return any(
        seconds is None
        for seconds in newest.distinct("ref_id").values_list("seconds_vector", flat=True)
    )
