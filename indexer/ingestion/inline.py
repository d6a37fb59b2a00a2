"""A sync in this process, for the command line: it needs no broker and no worker."""

from __future__ import annotations

import time

from indexer.errors import SyncInProgress
from indexer.ingestion import jobs
from indexer.ingestion.sync import OnProgress, SyncReport, sync
from indexer.models import Source

POLL_S = 0.5


def sync_now(source: Source, on_progress: OnProgress | None = None) -> SyncReport:
    """Sync the source and return the report.

    While a worker syncs it, show that job's progress and take the next turn: what was pushed
    after that job began is found too. A job that a dead worker left, or that waits for its next
    attempt, is gone on with. Raises FetchError as the flow does.
    """
    while True:
        job = jobs.left_behind(source) or jobs.enqueue(source)
        # Published "now": the dispatcher leaves it to us for a minute.
        jobs.mark_published(job)
        try:
            return sync(jobs.claim(job.pk, skip_wait=True), on_progress)
        except SyncInProgress:
            _watch(source, on_progress)


def _watch(source: Source, on_progress: OnProgress | None) -> None:
    running = jobs.running_job(source)
    if running is not None and on_progress is not None:
        on_progress(running.phase, running.progress_done, running.progress_total)
    time.sleep(POLL_S)
