"""Celery's doorways into the corpus: an id in, nothing out."""

from __future__ import annotations

import logging
from contextlib import suppress

from celery import shared_task
from django.db import DatabaseError
from prometheus_client import Counter

from indexer import freshness
from indexer.continuing import forget_unused, learn_if_due
from indexer.errors import (
    FetchFailed,
    FetchRefused,
    IndexerError,
    JobYielded,
    LeaseLost,
    SourcePaused,
    SyncInProgress,
)
from indexer.evaluation import runs
from indexer.evaluation.takeover import take_over
from indexer.ingestion import jobs, pruning
from indexer.ingestion.embed import embed
from indexer.ingestion.postings import sweep_postings
from indexer.ingestion.sync import sync
from indexer.models import EvaluationRun, Job, Source
from indexer.ranking import learning
from indexer.retrieval import vectorindex
from indexer.scope import Scope
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

NOT_CLAIMED = Counter(
    "plumbline_jobs_not_claimed", "Messages of the queue that came again, or too late."
)

# The job's row says what happened; dispatch_jobs sends again what should be.
ENDED = (SyncInProgress, FetchRefused, FetchFailed, LeaseLost, JobYielded, SourcePaused)


@shared_task(ignore_result=True)
def sync_source(job_id: int) -> None:
    """Run a sync job. A message that comes twice, or late, finds the job taken and goes away."""
    with suppress(*ENDED):
        job = _claimed(job_id)
        freshness.recall_push(job)
        sync(job)
    dispatch()


@shared_task(ignore_result=True)
def embed_source(job_id: int) -> None:
    """Run an embedding job, as above."""
    with suppress(*ENDED, InferenceError):
        embed(_claimed(job_id))
    dispatch()


def _claimed(job_id: int) -> Job:
    """Claim the job; write down a message that came again or too late, so that they can be counted."""
    try:
        return jobs.claim(job_id)
    except SyncInProgress as exc:
        NOT_CLAIMED.inc()
        logger.info("not claimed job=%s %s", job_id, exc)
        raise


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
            jobs.mark_unsent(job)
            return  # the next round sends it and the rest


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
    pruning.prune_vectors()
    forget_unused()
    sweep_postings()


@shared_task(ignore_result=True, expires=600)
def keep_vector_indexes() -> None:
    """Index the vectors of a model once there are many, beside whoever searches and embeds."""
    vectorindex.keep_indexes()


@shared_task(ignore_result=True, expires=300)
def take_over_embedding() -> None:
    """Search with another embedding model once its vectors are complete and it is not worse."""
    take_over(_shown())
    dispatch()


@shared_task(ignore_result=True, expires=3600)
def evaluate() -> None:
    """Ask all golden questions, once a day."""
    if run := runs.start(EvaluationRun.Reason.NIGHTLY):
        evaluate_run.delay(run.pk)


@shared_task(ignore_result=True, expires=60)
def evaluate_run(run_id: int) -> None:
    """Go on with a run; what does not fit into a slice is sent again by dispatch_runs."""
    run = runs.claim(run_id)
    if run is None:
        return
    is_nightly = run.reason == EvaluationRun.Reason.NIGHTLY
    try:
        runs.work(run, others_wait=jobs.somebody_waits, pause_share=1.0 if is_nightly else 0.0)
    except LeaseLost:
        return
    except (DatabaseError, IndexerError) as exc:
        logger.exception("evaluation run=%s failed", run.pk)
        runs.fail(run, f"{type(exc).__name__}: see the log of worker-embed.")


@shared_task(ignore_result=True, expires=60)
def dispatch_runs() -> None:
    """Tell the broker of runs that wait for their next slice, or that a dead worker left."""
    for run_id in runs.waiting():
        evaluate_run.delay(run_id)


@shared_task(ignore_result=True, expires=3600)
def learn_ranking() -> None:
    """Learn the order of search results from the newest history; it is used when it wins."""
    learning.learn_if_new(_shown())


@shared_task(ignore_result=True, expires=3600)
def learn_embedding() -> None:
    """Let the static model go on learning from new history; it takes over when it wins."""
    learn_if_due(_shown())


def _shown() -> Scope:
    return Scope(frozenset(Source.objects.filter(hidden_at=None).values_list("pk", flat=True)))
