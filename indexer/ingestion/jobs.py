"""Jobs as rows with a lease: the database decides who syncs a source, the broker only wakes.

A job is claimed by one conditional update. The lease runs out when its worker dies, the next
claim raises `attempt`, and every later write of the dead worker is refused by that number.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from indexer.errors import LeaseLost, SyncInProgress
from indexer.models import Job, Source

LEASE = timedelta(seconds=120)
PUBLISH_AGAIN = timedelta(seconds=60)  # a lost broker message is sent once more after this
MAX_ATTEMPTS = 5
HEARTBEAT_S = 1.0
RETRYING = "retrying"  # the error code of a job that waits for its next attempt


def enqueue(source: Source) -> Job:
    """Return the waiting job of this source, made now if there is none."""
    try:
        with transaction.atomic():
            return Job.objects.get_or_create(source=source, state=Job.State.QUEUED)[0]
    except IntegrityError:  # another request was faster, and its job may be taken by now
        return Job.objects.get_or_create(source=source, state=Job.State.QUEUED)[0]


def claim(job_id: int, *, skip_wait: bool = False) -> Job:
    """Take a waiting job, or one whose worker died; raise SyncInProgress when it is not free.

    `skip_wait` takes a job before the time of its next attempt has come: a person asked for it.
    """
    now = timezone.now()
    _give_up(job_id)
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    if skip_wait:
        free |= Q(state=Job.State.RUNNING, error_code=RETRYING)
    try:
        with transaction.atomic():
            claimed = Job.objects.filter(free, pk=job_id).update(
                state=Job.State.RUNNING,
                attempt=F("attempt") + 1,
                lease_until=now + LEASE,
                started_at=now,
                phase="",
                error="",
                error_code="",
            )
    except IntegrityError as exc:  # another job of this source is running
        raise SyncInProgress("another sync of this source is running") from exc
    if not claimed:
        raise SyncInProgress("this job has been taken by another worker, or has ended")
    return Job.objects.select_related("source").get(pk=job_id)


def _give_up(job_id: int) -> None:
    """End a job whose workers died again and again: it is the job that kills them."""
    Job.objects.filter(
        pk=job_id,
        state=Job.State.RUNNING,
        lease_until__lt=timezone.now(),
        attempt__gte=MAX_ATTEMPTS,
    ).update(
        state=Job.State.FAILED,
        ended_at=timezone.now(),
        error_code="gave_up",
        error=f"The worker died in each of {MAX_ATTEMPTS} attempts: see its log.",
    )


def waiting() -> QuerySet[Job]:
    """Return the jobs that the broker should hear of: new, forgotten, or left by a dead worker."""
    now = timezone.now()
    forgotten = Q(published_at__isnull=True) | Q(published_at__lt=now - PUBLISH_AGAIN)
    return Job.objects.filter(
        Q(state=Job.State.QUEUED) & forgotten
        | Q(state=Job.State.RUNNING, lease_until__lt=now) & forgotten
    ).order_by("created_at")


def mark_published(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now())


def _held(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, attempt=job.attempt, state=Job.State.RUNNING)


def fence(job: Job) -> None:
    """Inside a transaction: hold the row, or raise LeaseLost when the job is not ours any more."""
    if not _held(job).select_for_update().exists():
        raise LeaseLost(f"job {job.pk} was taken over")


class Heartbeat:
    """Extends the lease and shows the progress, at most once a second."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._next = 0.0

    def beat(self, phase: str, done: int, total: int) -> None:
        """Record where the job stands; raise LeaseLost when another worker has it."""
        changed_phase = phase != self.job.phase
        is_complete = 0 < total <= done
        if not changed_phase and not is_complete and time.monotonic() < self._next:
            return
        self.job.phase = phase
        self._next = time.monotonic() + HEARTBEAT_S
        if not _held(self.job).update(
            phase=phase,
            progress_done=done,
            progress_total=total,
            lease_until=timezone.now() + LEASE,
        ):
            raise LeaseLost(f"job {self.job.pk} was taken over")


def finish(job: Job) -> None:
    _held(job).update(state=Job.State.DONE, ended_at=timezone.now(), phase="")


def fail(job: Job, code: str, message: str) -> None:
    """End the job with a sentence for the admin."""
    _held(job).update(
        state=Job.State.FAILED, ended_at=timezone.now(), error_code=code[:60], error=message[:2000]
    )


def retry_later(job: Job, message: str) -> bool:
    """Put the job back for another attempt; False when it has had enough of them."""
    if job.attempt >= MAX_ATTEMPTS:
        fail(job, "gave_up", f"{message} (given up after {job.attempt} attempts)")
        return False
    wait = timedelta(seconds=min(600, 15 * 2**job.attempt))
    # Stays "running" with a lease that ends later: a new request does not jump the wait.
    _held(job).update(
        lease_until=timezone.now() + wait,
        published_at=None,
        error=message[:2000],
        error_code=RETRYING,
    )
    return True


def left_behind(source: Source) -> Job | None:
    """Return the job that nobody works on: its worker died, or it waits for its next attempt."""
    ownerless = Q(lease_until__lt=timezone.now()) | Q(error_code=RETRYING)
    return Job.objects.filter(ownerless, source=source, state=Job.State.RUNNING).first()


def running_job(source: Source) -> Job | None:
    return Job.objects.filter(source=source, state=Job.State.RUNNING).first()
