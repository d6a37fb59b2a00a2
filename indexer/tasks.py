"""Celery's doorways into the corpus: an id in, nothing out."""

from __future__ import annotations

import logging
from contextlib import suppress

from celery import shared_task

from indexer import freshness
from indexer.errors import (
    FetchFailed,
    FetchRefused,
    JobYielded,
    LeaseLost,
    SourcePaused,
    SyncInProgress,
)
from indexer.ingestion import jobs, pruning
from indexer.ingestion.embed import embed
from indexer.ingestion.sync import sync
from indexer.models import Job, Source
from indexer.ranking import learning
from indexer.scope import Scope
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

# The job's row says what happened; dispatch_jobs sends again what should be.
ENDED = (SyncInProgress, FetchRefused, FetchFailed, LeaseLost, JobYielded, SourcePaused)


@shared_task(ignore_result=True)
def sync_source(job_id: int) -> None:
    """Run a sync job. A message that comes twice, or late, finds the job taken and goes away."""
    with suppress(*ENDED):
        job = jobs.claim(job_id)
        freshness.recall_push(job)
        sync(job)
    dispatch()


@shared_task(ignore_result=True)
def embed_source(job_id: int) -> None:
    """Run an embedding job, as above."""
    with suppress(*ENDED, InferenceError):
        embed(jobs.claim(job_id))
    dispatch()


@shared_task(ignore_result=True)
def dispatch_jobs() -> None:
    """Tell the broker of jobs that it does not know of, or that a dead worker left."""
    dispatch()


def dispatch() -> None:
    for job in jobs.waiting():
        jobs.mark_published(job)
        task = sync_source if job.kind == Job.Kind.SYNC else embed_source
        try:
            task.delay(job.pk)
        except task.OperationalError as exc:
            logger.warning("jobs wait for the broker: %s", type(exc).__name__)
            return  # each is sent again, by and by


@shared_task(ignore_result=True, expires=60)
def poll_sources() -> None:
    """Look at the origins whose time has come."""
    if freshness.poll_due():
        dispatch()


@shared_task(ignore_result=True)
def prune() -> None:
    """Delete content, mirrors and uploads that nothing points to."""
    pruning.prune()
    pruning.prune_mirrors()
    pruning.prune_uploads()
    jobs.thin_out()


@shared_task(ignore_result=True)
def sweep() -> None:
    """Give back the space of what was pruned."""
    pruning.sweep_postings()


@shared_task(ignore_result=True, expires=3600)
def learn_ranking() -> None:
    """Learn the order of search results from the newest history; it is used when it wins."""
    every_source = Source.objects.values_list("pk", flat=True)
    learning.learn_if_new(Scope(frozenset(every_source)))
