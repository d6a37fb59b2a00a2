"""How fresh a source is: pushes that were noticed, looks at the origin, and when the next one is due.

A push is only a wake-up. What is fetched decides; so a lost notice costs time, never content, and
a forged one costs a look.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from indexer.ingestion import jobs
from indexer.models import Job, Source

LOCAL_POLL_S = 60  # a folder on this machine costs little to look at
JITTER = 0.2  # share of the interval, so that sources do not all come at once
LONGEST_S = 3600  # between looks at an origin that fails
LONGEST_HIDDEN_S = 600  # while nothing is shown because of it
COUNTED_FAILURES = 10  # doubled so often, every interval is longer than the longest
AT_ONCE = 50  # sources of one tick

NEVER_POLLED = Q(kind=Source.Kind.ARCHIVE) | Q(poll_s=0)


def note_push(source: Source) -> Job | None:
    """Remember that something was pushed and queue a sync; None while the source is paused."""
    Source.objects.filter(pk=source.pk, pushed_at__isnull=True).update(pushed_at=timezone.now())
    if Source.objects.filter(pk=source.pk, is_paused=True).exists():
        return None
    return jobs.enqueue(source, reason=Job.Reason.PUSH)


def recall_push(job: Job) -> None:
    """Before a sync for a push: put back when that was noticed, if the sync before has cleared it.

    A push that comes while a sync runs shares the time of the one that this sync is for; its own
    is the birth of the job that waits for it.
    """
    if job.reason == Job.Reason.PUSH:
        forgotten = Source.objects.filter(pk=job.source_id, pushed_at__isnull=True)
        forgotten.update(pushed_at=job.created_at)


def poll_due() -> list[Job]:
    """Queue a sync for each source whose time has come, and set its next time."""
    now = timezone.now()
    queued = []
    with transaction.atomic():
        due = (
            # What another scheduler has locked is left to it.
            Source.objects.select_for_update(skip_locked=True)
            .filter(is_paused=False, next_poll_at__lte=now)
            .exclude(NEVER_POLLED)
            .order_by("next_poll_at")[:AT_ONCE]
        )
        for source in due:
            interval = interval_of(source)
            source.next_poll_at = now + _jittered(interval or timedelta(seconds=LONGEST_S))
            source.save(update_fields=["next_poll_at"])
            if interval is not None and not _was_just_seen(source, now, interval):
                queued.append(jobs.enqueue(source, reason=Job.Reason.POLL))
    return queued


def interval_of(source: Source) -> timedelta | None:
    """Return how often the origin is looked at, longer while that fails; None for never."""
    seconds = source.poll_s
    if seconds is None:
        is_remote = source.kind == Source.Kind.REMOTE
        seconds = settings.POLL_S if is_remote else min(settings.POLL_S, LOCAL_POLL_S)
    if not seconds or source.kind == Source.Kind.ARCHIVE:
        return None
    longest_s = LONGEST_HIDDEN_S if source.hidden_at else LONGEST_S
    return _backed_off(seconds, _failures_of(source), longest_s)


def _backed_off(seconds: int, failures: int, longest_s: int) -> timedelta:
    """Double the interval for each failure in a row, up to the longest; never shorten it."""
    return timedelta(seconds=max(seconds, min(seconds * 2**failures, longest_s)))


def _jittered(interval: timedelta) -> timedelta:
    return interval * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret


def lag_of(source: Source, now: datetime) -> timedelta | None:
    """Return how old the last comparison with the origin is, None before the first one."""
    return max(now - source.checked_at, timedelta(0)) if source.checked_at else None


def _failures_of(source: Source) -> int:
    """Return how many syncs in a row failed until now.

    A look that found nothing new leaves no job behind: it shows in `checked_at` alone.
    """
    ended = Job.objects.filter(
        source=source, kind=Job.Kind.SYNC, state__in=(Job.State.DONE, Job.State.FAILED)
    )
    newest = ended.order_by("-ended_at", "-pk")[:COUNTED_FAILURES]
    failed = list(takewhile(lambda job: job.state == Job.State.FAILED, newest))
    if not failed or _was_seen_since(source, failed[0]):
        return 0
    return len(failed)


def _was_seen_since(source: Source, failed: Job) -> bool:
    checked_at, ended_at = source.checked_at, failed.ended_at
    return checked_at is not None and ended_at is not None and checked_at > ended_at


def _was_just_seen(source: Source, now: datetime, interval: timedelta) -> bool:
    """Return whether a look would repeat one: at work now, or done for another reason lately."""
    seen_lately = source.checked_at is not None and source.checked_at > now - interval / 2
    return _is_at_work(source) or (seen_lately and source.hidden_at is None)


def _is_at_work(source: Source) -> bool:
    active = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING)
    return Job.objects.filter(active, source=source, kind=Job.Kind.SYNC).exists()
