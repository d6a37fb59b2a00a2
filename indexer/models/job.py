"""Work on a source as a row: the database, not the broker, knows what is to be done."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from indexer.models.source import Source


class Job(models.Model):
    """A sync or an embedding that waits, runs or has ended; Celery only carries its id."""

    class Kind(models.TextChoices):
        SYNC = "sync", "Sync"  # until the source is searchable by words
        EMBED = "embed", "Embedding"  # until it is searchable by meaning

    class Reason(models.TextChoices):
        ASKED = "asked", "asked for"
        PUSH = "push", "a push"
        POLL = "poll", "the schedule"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SYNC)
    reason = models.CharField(max_length=10, choices=Reason.choices, default=Reason.ASKED)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempt = models.IntegerField(default=0)  # also the fencing value of every write
    failures = models.IntegerField(default=0)  # attempts that broke off
    lease_until = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    phase = models.CharField(max_length=20, blank=True)  # fetch, read, embed
    phase_started_at = models.DateTimeField(null=True)
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        # Of all jobs that ever were, few wait or run, and few failed lately.
        indexes = [
            models.Index(
                fields=["kind", "state"],
                condition=Q(state__in=["queued", "running"]),
                name="jobs_going",
            ),
            models.Index(fields=["ended_at"], condition=Q(state="failed"), name="jobs_failed"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind"],
                condition=Q(state="queued"),
                name="one_queued_job_per_source",
            ),
            models.UniqueConstraint(
                fields=["source", "kind"],
                condition=Q(state="running"),
                name="one_running_job_per_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.state}"

    @property
    def percent(self) -> int | None:
        """Share of the present phase that is done, None while its size is unknown."""
        if not self.progress_total:
            return None
        return min(100, 100 * self.progress_done // self.progress_total)

    def seconds_left(self, now: datetime) -> float | None:
        """Return how long the present phase will last at the pace so far, None while unknown."""
        if not self.phase_started_at or not self.progress_done or not self.progress_total:
            return None
        elapsed = (now - self.phase_started_at).total_seconds()
        return elapsed / self.progress_done * max(0, self.progress_total - self.progress_done)
