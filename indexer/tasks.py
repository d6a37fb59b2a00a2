"""Celery's doorways into the corpus: an id in, nothing out."""

from __future__ import annotations

from celery import shared_task

from indexer.errors import FetchFailed, FetchRefused, LeaseLost, SyncInProgress
from indexer.ingestion import jobs, pruning
from indexer.ingestion.sync import sync


@shared_task(ignore_result=True)
def sync_source(job_id: int) -> None:
    """Run a sync job. A message that comes twice, or late, finds the job taken and goes away."""
    try:
        sync(jobs.claim(job_id))
    except (SyncInProgress, FetchRefused, FetchFailed, LeaseLost):
        return  # the job's row says what happened; dispatch_jobs sends again what should be


@shared_task(ignore_result=True)
def dispatch_jobs() -> None:
    """Tell the broker of jobs that it does not know of, or that a dead worker left."""
    for job in jobs.waiting():
        jobs.mark_published(job)
        sync_source.delay(job.pk)


@shared_task(ignore_result=True)
def prune() -> None:
    """Delete content and mirrors that nothing points to."""
    pruning.prune()
    pruning.prune_mirrors()
