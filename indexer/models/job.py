"""One run of a sync as a row: the database, not the broker, knows what is to be done."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from indexer.models.source import Source


class Job(models.Model):
    """A sync that waits, runs or has ended; Celery only carries its id."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempt = models.IntegerField(default=0)  # also the fencing value of every write
    lease_until = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    phase = models.CharField(max_length=20, blank=True)  # fetch, read, embed
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(state="queued"), name="one_queued_job_per_source"
            ),
            models.UniqueConstraint(
                fields=["source"], condition=Q(state="running"), name="one_running_job_per_source"
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
