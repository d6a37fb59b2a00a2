"""What the pages say about a source: its state in one word, its live commit, its counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from indexer.freshness import interval_of
from indexer.ingestion.jobs import RESTING, WAITING_FOR_MODEL
from indexer.models import Job, Ref, Revision, Source

State = Literal["ok", "busy", "warning", "failed", "off"]
SHOWN_PUSHES = 30
PHASES = {
    "fetch": "Fetching",
    "read": "Reading",
    "chunk": "Splitting",
    "store": "Storing",
    "embed": "Embedding",
}


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """One line of the list of sources, ready for a template."""

    name: str
    location: str
    kind: str
    state: State
    label: str
    error: str
    is_active: bool  # a sync waits or runs: the page should look again soon
    percent: int | None
    progress_done: int
    progress_total: int
    ref_name: str
    ref_count: int
    commit: str
    committed_at: datetime | None
    live_at: datetime | None
    files: int
    chunks: int
    skipped: int
    is_vector_ready: bool
    is_paused: bool
    hidden_at: datetime | None  # nothing of it is shown: its origin took it back
    hidden_reason: str
    checked_at: datetime | None
    seconds_left: float | None

    @property
    def remaining(self) -> str:
        """The estimate in words, as exact as it deserves; empty while unknown."""
        if self.seconds_left is None:
            return ""
        if self.seconds_left < 60:
            return "less than a minute"
        minutes = round(self.seconds_left / 60)
        unit, count = ("hour", round(minutes / 60)) if minutes >= 90 else ("minute", minutes)
        return f"about {count} {unit}{'' if count == 1 else 's'}"


def overviews_of(sources: QuerySet[Source]) -> list[SourceOverview]:
    """Return one overview per source, in four queries however many there are."""
    rows = list(sources)
    ids = [source.pk for source in rows]
    refs: dict[int, list[Ref]] = {pk: [] for pk in ids}
    for ref in Ref.objects.filter(source_id__in=ids).order_by("-is_default", "name"):
        refs[ref.source_id].append(ref)
    jobs = {job.source_id: job for job in latest_jobs(ids)}
    revisions = {revision.ref_id: revision for revision in _latest_revisions(ids)}
    return [_overview(source, refs[source.pk], jobs.get(source.pk), revisions) for source in rows]


def latest_jobs(source_ids: Iterable[int]) -> QuerySet[Job]:
    """Return the newest job of each source.

    A look of the schedule counts once it has found something: of hundreds of sources some are
    looked at in any moment, and none of these has anything to tell yet.
    """
    is_searchable = Exists(Ref.objects.filter(source_id=OuterRef("source_id")))
    looks = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, phase__in=("", "fetch"))
    is_plain = Q(kind=Job.Kind.SYNC, reason=Job.Reason.POLL, error_code="")
    mere_looks = Q(looks, is_plain, is_searchable)
    jobs = Job.objects.filter(source_id__in=list(source_ids)).exclude(mere_looks)
    return jobs.order_by("source_id", "-created_at", "-pk").distinct("source_id")


def _latest_revisions(source_ids: list[int]) -> QuerySet[Revision]:
    revisions = Revision.objects.filter(ref__source_id__in=source_ids)
    return revisions.order_by("ref_id", "-live_at", "-pk").distinct("ref_id")


def _overview(
    source: Source, refs: list[Ref], job: Job | None, revisions: dict[int, Revision]
) -> SourceOverview:
    live = refs[0] if refs else None
    latest = [revisions[ref.pk] for ref in refs if ref.pk in revisions]
    vector_ready = bool(latest) and all(one.seconds_vector is not None for one in latest)
    state, label = _state_of(live, job, vector_ready=vector_ready)
    if source.is_paused:
        state, label = "off", "Paused"
    if source.hidden_at:
        state, label = "failed", "Hidden: its origin does not give it any more"
    is_active = (
        job is not None
        and not source.is_paused
        and job.state in {Job.State.QUEUED, Job.State.RUNNING}
    )
    first = latest[0] if latest else None
    return SourceOverview(
        name=source.name,
        location=source.location,
        kind=source.get_kind_display(),
        state=state,
        label=label,
        error=job.error if job and _is_in_trouble(job) else "",
        is_active=is_active,
        percent=job.percent if job and is_active else None,
        progress_done=job.progress_done if job else 0,
        progress_total=job.progress_total if job else 0,
        ref_name=live.name if live else "",
        ref_count=len(refs),
        commit=live.commit if live else "",
        committed_at=live.committed_at if live else None,
        live_at=live.live_at if live else None,
        files=first.files if first else 0,
        chunks=first.chunks if first else 0,
        skipped=sum(first.skipped.values()) if first else 0,
        is_vector_ready=vector_ready,
        is_paused=source.is_paused,
        hidden_at=source.hidden_at,
        hidden_reason=source.hidden_reason,
        checked_at=source.checked_at,
        seconds_left=job.seconds_left(timezone.now()) if job and is_active else None,
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a small plot, in its own units: 100 high."""

    x: int
    y: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far behind its origin a source is, and what keeps it up to date."""

    checked_at: datetime | None
    pushed_at: datetime | None  # of a push that is not live yet
    next_poll_at: datetime | None  # None: it is never polled, or is paused
    interval: timedelta | None
    bars: tuple[Bar, ...]  # pushes until searchable, newest right
    slowest_s: float
    has_secret: bool
    is_paused: bool
    notes: tuple[str, ...]  # what the last look left out or did not find


def freshness_of(source: Source) -> Freshness:
    interval = interval_of(source)
    timed = Revision.objects.filter(ref__source=source, seconds_fresh__isnull=False)
    pushes = [(one.seconds_fresh or 0.0, one.live_at) for one in timed[:SHOWN_PUSHES]][::-1]
    slowest = max((seconds for seconds, _ in pushes), default=0.0)
    return Freshness(
        checked_at=source.checked_at,
        pushed_at=source.pushed_at,
        next_poll_at=source.next_poll_at if interval and not source.is_paused else None,
        interval=interval,
        bars=tuple(_bar(at, seconds, live, slowest) for at, (seconds, live) in enumerate(pushes)),
        slowest_s=slowest,
        has_secret=bool(source.hook_secret),
        is_paused=source.is_paused,
        notes=tuple(source.notes),
    )


def _bar(at: int, seconds: float, live_at: datetime, slowest: float) -> Bar:
    height = round(max(2.0, 100 * seconds / (slowest or 1.0)), 1)
    return Bar(
        at * 10, round(100 - height, 1), height, f"{seconds:.1f} s, {live_at:%Y-%m-%d %H:%M}"
    )


def _is_in_trouble(job: Job) -> bool:
    """Return whether the job failed, or rests until its next attempt."""
    return job.state == Job.State.FAILED or job.error_code in RESTING


def _state_of(live: Ref | None, job: Job | None, *, vector_ready: bool) -> tuple[State, str]:
    """Return the state and the word for it; what a reader can do now comes first."""
    if job and job.state == Job.State.RUNNING and job.error_code == WAITING_FOR_MODEL:
        return "warning", "Waiting for the embedding model"
    if job and job.state == Job.State.RUNNING and job.error_code:
        return "warning", "Will be tried again"
    if job and job.state == Job.State.RUNNING:
        return "busy", PHASES.get(job.phase, "Syncing")
    if job and job.state == Job.State.QUEUED:
        return "busy", "Waiting for a worker"
    if job and job.state == Job.State.FAILED:
        return ("warning", "Last sync failed") if live else ("failed", "Sync failed")
    if live is None:
        return "off", "Not synced yet"
    if not vector_ready:
        return "warning", "Searchable by words"
    return "ok", "Ready"
