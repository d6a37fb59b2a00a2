"""Jobs as rows with a lease: the database decides who works on a source, the broker only wakes.

A job is claimed by one conditional update. The lease runs out when its worker dies, the next
claim raises `attempt`, and every later write of the dead worker is refused by that number. The
rows are the outbox too: what the broker lost is sent to it again.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import (
    Case,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from indexer.errors import JobYielded, LeaseLost, SourcePaused, SyncInProgress
from indexer.models import Job, Source

LEASE = timedelta(seconds=120)
PUBLISH_AGAIN = timedelta(seconds=60)  # a lost broker message is sent once more after this,
PUBLISH_AGAIN_AT_MOST = timedelta(minutes=10)  # then after twice as long, up to this
MAX_FAILURES = 5
HEARTBEAT_S = 1.0
SLICE_S = 20.0  # after so long a job makes room for those that wait
KEPT_JOBS = timedelta(days=30)
LOCK_WAIT_S = 1  # who holds a job's row for longer is writing, or stands still
STALLED_S = 120  # a transaction of a worker that says nothing for so long is ended
RETRYING = "retrying"  # the error code of a job that waits for its next attempt
WAITING_FOR_MODEL = "waiting_for_model"  # as above, but waiting costs no attempt
RESTING = (RETRYING, WAITING_FOR_MODEL)

# A subquery and not a join: an update that joins picks its rows before it locks them, and of
# several claimants each would believe that it had won.
PAUSED = Exists(Source.objects.filter(pk=OuterRef("source_id"), is_paused=True))


def enqueue(source: Source, kind: str = Job.Kind.SYNC, reason: str = Job.Reason.ASKED) -> Job:
    """Return the waiting job of this source and kind, made now if there is none."""
    wanted = {"source": source, "kind": kind, "state": Job.State.QUEUED}
    try:
        with transaction.atomic():
            job, is_new = Job.objects.get_or_create(**wanted, defaults={"reason": reason})
    except IntegrityError:  # another request was faster, and its job may be taken by now
        job, is_new = Job.objects.get_or_create(**wanted, defaults={"reason": reason})
    if not is_new and job.reason == Job.Reason.POLL != reason:
        Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(reason=reason)
    return job


def claim(job_id: int, *, skip_wait: bool = False) -> Job:
    """Take a waiting job, or one whose worker died; raise SyncInProgress when it is not free.

    `skip_wait` takes a job before the time of its next attempt has come: a person asked for it.
    """
    now = timezone.now()
    is_left = Q(state=Job.State.RUNNING, lease_until__lt=now)
    free = Q(state=Job.State.QUEUED) | is_left
    if skip_wait:
        free |= Q(state=Job.State.RUNNING, error_code__in=RESTING)
    try:
        with transaction.atomic():
            _set_local("lock_timeout", LOCK_WAIT_S)
            _give_up(job_id)
            claimed = Job.objects.filter(free, ~PAUSED, pk=job_id).update(
                # A worker that died says nothing: its successor counts the failure.
                failures=Case(
                    When(is_left & ~Q(error_code__in=RESTING), then=F("failures") + 1),
                    default=F("failures"),
                ),
                state=Job.State.RUNNING,
                attempt=F("attempt") + 1,
                lease_until=now + LEASE,
                started_at=now,
                phase="",
                error="",
                error_code="",
            )
    except IntegrityError as exc:  # another job of this source is running
        raise SyncInProgress("another job of this source is running") from exc
    except OperationalError as exc:
        if isinstance(exc.__cause__, LockNotAvailable):
            raise SyncInProgress("another worker holds this job") from exc
        raise
    if not claimed:
        raise SyncInProgress("this job has been taken by another worker, is paused or has ended")
    return Job.objects.select_related("source").get(pk=job_id)


def _give_up(job_id: int) -> None:
    """End a job whose workers died again and again: it is the job that kills them."""
    Job.objects.filter(
        ~Q(error_code__in=RESTING),
        pk=job_id,
        state=Job.State.RUNNING,
        lease_until__lt=timezone.now(),
        failures__gte=MAX_FAILURES - 1,
    ).update(
        state=Job.State.FAILED,
        ended_at=timezone.now(),
        error_code="gave_up",
        error=f"The worker died in each of {MAX_FAILURES} attempts: see its log.",
    )


def waiting() -> QuerySet[Job]:
    """Return the jobs that the broker should hear of: new, forgotten, or left by a dead worker.

    Whether the broker lost a job or has it in a long queue cannot be told. So a job is sent again
    when it has waited twice as long as when it was sent last: its messages do not pile up, and
    what was lost comes back.
    """
    now = timezone.now()
    forgotten = Q(published_at__isnull=True) | Q(published_at__lt=Value(now) - _pause())
    return Job.objects.filter(
        ~PAUSED,
        Q(state=Job.State.QUEUED) & forgotten
        | Q(state=Job.State.RUNNING, lease_until__lt=now) & forgotten,
    ).order_by("created_at")


def _pause() -> Least:
    """How long nothing is sent: as long as the job had waited when it was sent last, in bounds."""
    # A queued job holds no lease; of one that a worker left, the wait begins where the lease ends.
    waiting_since = Greatest("created_at", "started_at", "lease_until")
    waited = ExpressionWrapper(F("published_at") - waiting_since, DurationField())
    return Least(Greatest(waited, Value(PUBLISH_AGAIN)), Value(PUBLISH_AGAIN_AT_MOST))


def mark_published(job: Job) -> None:
    """Note that the broker has heard of it; never waits for a worker that stands still with it."""
    with transaction.atomic():
        free = Job.objects.select_for_update(skip_locked=True).filter(pk=job.pk)
        Job.objects.filter(pk__in=free.values("pk")).update(published_at=timezone.now())


def mark_unsent(job: Job) -> None:
    """Note that the broker did not take it after all: it waits for the next round, and no longer."""
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(published_at=None)


def _held(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, attempt=job.attempt, state=Job.State.RUNNING)


def fence(job: Job) -> None:
    """Inside a transaction: hold the row, or raise LeaseLost when the job is not ours any more.

    The server frees the row soon after its holder died in a statement, or fell silent after one.
    """
    _set_local("client_connection_check_interval", 1)
    _set_local("idle_in_transaction_session_timeout", STALLED_S)
    if not _held(job).select_for_update().exists():
        raise LeaseLost(f"job {job.pk} was taken over")


def _set_local(name: str, seconds: int) -> None:
    """Change a setting of PostgreSQL until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, f"{seconds}s"])


class Heartbeat:
    """Extends the lease and shows the progress, at most once a second.

    A job that may yield makes room after its slice of time when others of its kind wait: so one
    huge repository does not hold up fifty small ones.
    """

    def __init__(self, job: Job, *, may_yield: bool = False, slice_s: float = SLICE_S) -> None:
        self.job = job
        self.may_yield = may_yield
        self._next = 0.0
        self._slice_end = time.monotonic() + slice_s

    def beat(self, phase: str, done: int, total: int) -> None:
        """Record where the job stands.

        Raises LeaseLost when another worker has it, SourcePaused and JobYielded when it should stop.
        """
        changed_phase = phase != self.job.phase
        is_complete = 0 < total <= done
        if not changed_phase and not is_complete and time.monotonic() < self._next:
            return
        now = timezone.now()
        if changed_phase:
            self.job.phase_started_at = now
        self.job.phase = phase
        self._next = time.monotonic() + HEARTBEAT_S
        if not _held(self.job).update(
            phase=phase,
            phase_started_at=self.job.phase_started_at,
            progress_done=done,
            progress_total=total,
            lease_until=now + LEASE,
        ):
            raise LeaseLost(f"job {self.job.pk} was taken over")
        if Source.objects.filter(pk=self.job.source_id, is_paused=True).exists():
            raise SourcePaused(f"{self.job.source} is paused")

    def make_room(self) -> None:
        """Raise JobYielded when the slice is over and somebody waits; call it between steps."""
        if not self.may_yield or time.monotonic() < self._slice_end:
            return
        others = Job.objects.filter(~PAUSED, kind=self.job.kind, state=Job.State.QUEUED)
        if others.exclude(source_id=self.job.source_id).exists():
            raise JobYielded(f"job {self.job.pk} makes room")
        self._slice_end = time.monotonic() + HEARTBEAT_S  # look again soon


def somebody_waits() -> bool:
    """Return whether a job waits for a worker of its kind."""
    return Job.objects.filter(~PAUSED, state=Job.State.QUEUED).exists()


def finish(job: Job) -> None:
    _held(job).update(state=Job.State.DONE, ended_at=timezone.now(), phase="")


def forget(job: Job) -> None:
    """End a job that found nothing to do: a row for each look at each source would be noise."""
    _held(job).delete()


def fail(job: Job, code: str, message: str) -> None:
    """End the job with a sentence for the admin."""
    _held(job).update(
        state=Job.State.FAILED, ended_at=timezone.now(), error_code=code[:60], error=message[:2000]
    )


def retry_later(job: Job, message: str) -> bool:
    """Put the job back for another attempt; False when it has had enough of them."""
    if job.failures + 1 >= MAX_FAILURES:
        fail(job, "gave_up", f"{message} (given up after {MAX_FAILURES} attempts)")
        return False
    _held(job).update(failures=F("failures") + 1)
    _rest(job, RETRYING, message, wait_s=min(600, 30 * 2**job.failures))
    return True


def wait_for_model(job: Job, message: str) -> None:
    """Put the job back until the embedding model answers again, however often that takes."""
    _rest(job, WAITING_FOR_MODEL, message, wait_s=30)


def _rest(job: Job, code: str, message: str, *, wait_s: float) -> None:
    # Stays "running" with a lease that ends later: a new request does not jump the wait.
    _held(job).update(
        lease_until=timezone.now() + timedelta(seconds=wait_s),
        published_at=None,
        error=message[:2000],
        error_code=code,
    )


def release(job: Job) -> None:
    """Put an unfinished job back among the waiting ones; it goes on where it stopped."""
    try:
        with transaction.atomic():
            _held(job).update(state=Job.State.QUEUED, published_at=None, lease_until=None)
    except IntegrityError:  # one was asked for meanwhile: that one goes on instead
        _held(job).delete()


def left_behind(source: Source, kind: str = Job.Kind.SYNC) -> Job | None:
    """Return the job that nobody works on: its worker died, or it waits for its next attempt."""
    ownerless = Q(lease_until__lt=timezone.now()) | Q(error_code__in=RESTING)
    of_source = Job.objects.filter(source=source, kind=kind, state=Job.State.RUNNING)
    return of_source.filter(ownerless).first()


def running_job(source: Source, kind: str = Job.Kind.SYNC) -> Job | None:
    return Job.objects.filter(source=source, kind=kind, state=Job.State.RUNNING).first()


def thin_out() -> int:
    """Delete the rows of jobs that ended long ago; return how many."""
    ended = Job.objects.filter(ended_at__lt=timezone.now() - KEPT_JOBS)
    return ended.delete()[0]
