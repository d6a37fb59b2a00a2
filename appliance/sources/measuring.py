"""Sources and their jobs, as Prometheus sees them. No source is named: only counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, F, Min, Q, Sum
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from appliance.common.metrics import gauge, gauges, register
from indexer.freshness import NEVER_POLLED
from indexer.models import Job, Source

# A push is to be found within fifteen minutes; a look that is due, soon after.
LATE, OVERDUE = timedelta(minutes=15), timedelta(minutes=10)
LATELY = timedelta(hours=1)


def collect() -> Iterator[Metric]:
    yield from _jobs()
    yield from _sources()


def _jobs() -> Iterator[Metric]:
    now = timezone.now()
    going = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).order_by()
    # What waits for a push that comes again and again is as old as its job.
    rows = list(
        going.values("kind", "state").annotate(
            number=Count("pk"),
            since=Min("created_at"),
            left=Sum(F("progress_total") - F("progress_done")),
        )
    )
    found = {(row["kind"], row["state"]): row for row in rows}
    jobs = GaugeMetricFamily("plumbline_jobs", "Jobs that wait or run.", labels=["kind", "state"])
    for kind in Job.Kind.values:
        for state in (Job.State.QUEUED, Job.State.RUNNING):
            row = found.get((kind, state))
            jobs.add_metric([kind, state], row["number"] if row else 0)
    yield jobs
    waiting = {row["kind"]: row["since"] for row in rows if row["state"] == Job.State.QUEUED}
    yield gauges(
        "plumbline_jobs_oldest_waiting_seconds",
        "How long the oldest waiting job waits.",
        "kind",
        [
            (kind, (now - waiting[kind]).total_seconds() if kind in waiting else 0.0)
            for kind in Job.Kind.values
        ],
    )
    left = found.get((Job.Kind.EMBED, Job.State.RUNNING))
    yield gauge(
        "plumbline_embedding_backlog_texts",
        "Texts that running embedding jobs have still to embed.",
        left["left"] or 0 if left else 0,
    )
    failed = Job.objects.filter(state=Job.State.FAILED, ended_at__gt=now - LATELY).order_by()
    numbers = dict(failed.values_list("kind").annotate(Count("pk")))
    yield gauges(
        "plumbline_jobs_failed_lately",
        "Jobs that failed within the last hour.",
        "kind",
        [(kind, numbers.get(kind, 0)) for kind in Job.Kind.values],
    )


def _sources() -> Iterator[Metric]:
    now = timezone.now()
    at_work = Q(is_paused=False, hidden_at__isnull=True)
    late = at_work & Q(pushed_at__lt=now - LATE)
    counts = Source.objects.aggregate(
        all=Count("pk"),
        paused=Count("pk", filter=Q(is_paused=True)),
        hidden=Count("pk", filter=Q(hidden_at__isnull=False)),
        late=Count("pk", filter=late),
        overdue=Count("pk", filter=at_work & ~NEVER_POLLED & Q(next_poll_at__lt=now - OVERDUE)),
        oldest=Min("pushed_at", filter=late),
    )
    oldest = counts.pop("oldest")
    yield gauges(
        "plumbline_sources",
        "Sources: all, paused, hidden, late with a push, and overdue for a look at their origin.",
        "state",
        sorted(counts.items()),
    )
    lag = (now - oldest).total_seconds() if oldest else 0.0
    yield gauge("plumbline_sources_lag_seconds", "Of the push that is late by most.", lag)


register("sources", collect)
