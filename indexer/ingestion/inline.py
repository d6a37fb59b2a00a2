"""A sync in this process, for the command line: it needs no broker and no worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from indexer.errors import FetchRefused, SyncInProgress
from indexer.ingestion import jobs
from indexer.ingestion.embed import embed
from indexer.ingestion.sync import OnProgress, WatchedHeartbeat, sync
from indexer.models import Job, Revision, Source
from inference.errors import InferenceError

POLL_S = 0.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync brought; `sync --json` prints it for the default ref, refs summed."""

    commit: str
    files: int
    files_changed: int
    chunks: int
    chunks_embedded: int
    seconds_lexical: float
    seconds_vector: float | None  # None: the embedding model is not available, words work
    skipped: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def sync_now(source: Source, on_progress: OnProgress | None = None) -> SyncReport:
    """Sync the source, embed what is new, and return the report.

    While a worker is at it, show that job's progress and take the next turn: what was pushed
    after that job began is found too. A job that a dead worker left, or that waits for its next
    attempt, is gone on with. Raises FetchError as the flow does. An embedding model that does not
    answer fails nothing: the source is searchable by words, and workers fill in the vectors.
    """
    started = time.monotonic()
    revisions = _turn(source, Job.Kind.SYNC, sync, on_progress)
    seconds_lexical = time.monotonic() - started
    embedded = 0
    has_vectors = False
    with suppress(InferenceError):
        embedded = _turn(source, Job.Kind.EMBED, embed, on_progress)
        # A dead worker may have left one job and this sync another.
        while Job.objects.filter(
            source=source, kind=Job.Kind.EMBED, state=Job.State.QUEUED
        ).exists():
            embedded += _turn(source, Job.Kind.EMBED, embed, on_progress)
        has_vectors = True
    seconds_vector = time.monotonic() - started if has_vectors else None
    return _report(source, revisions, embedded, seconds_lexical, seconds_vector)


def _turn(
    source: Source,
    kind: str,
    work: Callable[[Job, jobs.Heartbeat], T],
    on_progress: OnProgress | None,
) -> T:
    while True:
        source.refresh_from_db(fields=["is_paused"])
        if source.is_paused:
            raise FetchRefused("paused", f"{source.name} is paused. Resume it first.")
        job = jobs.left_behind(source, kind) or jobs.enqueue(source, kind)
        # Published "now": the dispatcher leaves it to us for a minute.
        jobs.mark_published(job)
        try:
            claimed = jobs.claim(job.pk, skip_wait=True)
        except SyncInProgress:
            _watch(source, kind, on_progress)
            continue
        return work(claimed, WatchedHeartbeat(claimed, on_progress))


def _watch(source: Source, kind: str, on_progress: OnProgress | None) -> None:
    running = jobs.running_job(source, kind)
    if running is not None and on_progress is not None:
        on_progress(running.phase, running.progress_done, running.progress_total)
    time.sleep(POLL_S)


def _report(
    source: Source,
    revisions: Iterable[Revision],
    embedded: int,
    seconds_lexical: float,
    seconds_vector: float | None,
) -> SyncReport:
    live = Revision.objects.filter(ref__source=source, ref__is_default=True).first()
    if live is None:
        raise FetchRefused("removed", f"{source.name} was removed meanwhile.")
    return SyncReport(
        commit=live.commit,
        files=live.files,
        files_changed=sum(revision.files_changed for revision in revisions),
        chunks=live.chunks,
        chunks_embedded=embedded,
        seconds_lexical=round(seconds_lexical, 3),
        seconds_vector=None if seconds_vector is None else round(seconds_vector, 3),
        skipped=live.skipped,
    )
