"""Writes the history of a source's default ref, as far as it is not stored yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from django.db import connection, transaction
from django.db.models import Max

from indexer.fetching.log import LoggedCommit, is_ancestor, read_log
from indexer.ingestion.jobs import fence
from indexer.lexical.entries import REACH, Numbers, Occurrences, batches_of, posting_rows
from indexer.lexical.terms import term_counts, term_id
from indexer.masking import mask
from indexer.models import Commit, CommitPosting, Job, Source
from inference.training.messages import said

MAX_COMMITS = 20_000  # newest first; what is older hardly speaks of today's files
BATCH = 1000
TIME_LIMIT_S = 300.0

OnProgress = Callable[[int, int], None]

FOLLOW_RENAMES = """
UPDATE indexer_commit
   SET paths = ARRAY(
           SELECT DISTINCT coalesce(renamed.new, path)
             FROM unnest(paths) AS path
             LEFT JOIN unnest(%(old)s::text[], %(new)s::text[]) AS renamed(old, new)
               ON renamed.old = path)
 WHERE source_id = %(source_id)s AND paths && %(old)s::text[]
"""
ADD_ENTRIES = """
INSERT INTO indexer_commitposting AS posting (source_id, batch, term, entries)
SELECT %(source_id)s, entry.*
  FROM unnest(%(batches)s::bigint[], %(terms)s::bigint[], %(entries)s::bytea[])
    AS entry(batch, term, entries)
    ON CONFLICT (source_id, batch, term) DO UPDATE
   SET entries = posting.entries || EXCLUDED.entries
"""
COUNT_TOUCHES = """
UPDATE indexer_document AS document
   SET touches = touched.times, touched_at = touched.newest
  FROM (SELECT path, count(*) AS times, max(commit.committed_at) AS newest
          FROM indexer_commit AS commit, unnest(commit.paths) AS path
         WHERE commit.source_id = %(source_id)s
         GROUP BY path) AS touched
 WHERE document.source_id = %(source_id)s AND document.path = touched.path
   AND (document.touches, document.touched_at) IS DISTINCT FROM (touched.times, touched.newest)
"""


@dataclass(frozen=True, slots=True)
class ToldCommit:
    """A commit under its files' names of today, with what is stored of its message."""

    logged: LoggedCommit
    message: str
    paths: tuple[str, ...]
    counts: Mapping[str, int]  # of the message's terms


def store_history(job: Job, mirror: Path, commit: str, on_progress: OnProgress) -> int:
    """Bring the stored history up to a commit; return how many commits are new.

    A rewritten history is written anew. Raises FetchFailed, or LeaseLost when the job is not
    ours any more; nothing is changed then.
    """
    source = job.source
    stored = Source.objects.values_list("history_commit", flat=True).get(pk=source.pk)
    if stored == commit:
        return 0
    since = stored if stored and is_ancestor(mirror, stored, commit) else ""
    log = read_log(mirror, commit, since=since, limit=MAX_COMMITS, time_limit_s=TIME_LIMIT_S)
    today: dict[str, str] = {}
    told = _told(list(log), today, on_progress)  # outside the transaction: it takes its time
    with transaction.atomic():
        fence(job)
        if not since:
            Commit.objects.filter(source=source)._raw_delete("default")
            CommitPosting.objects.filter(source=source)._raw_delete("default")
        elif today:
            _follow_renames(source, today)
        for start in range(0, len(told), BATCH):
            write_commits(source, told[start : start + BATCH])
        Source.objects.filter(pk=source.pk).update(history_commit=commit, history_edition=uuid4())
        with connection.cursor() as cursor:
            cursor.execute(COUNT_TOUCHES, {"source_id": source.pk})
    return len(told)


def _follow_renames(source: Source, today: Mapping[str, str]) -> None:
    """Give what was stored before the names of today."""
    names = {"old": list(today), "new": list(today.values())}
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW_RENAMES, {"source_id": source.pk, **names})


def _told(
    log: Sequence[LoggedCommit], today: dict[str, str], on_progress: OnProgress
) -> list[ToldCommit]:
    """Mask and take apart the messages, newest first; notes in `today` what files are called now.

    A name that is used again after a rename is a new file: only older commits speak of the old.
    """
    told = []
    for number, logged in enumerate(log):
        if number % BATCH == 0:
            on_progress(number, len(log))
        for old, new in logged.renames:
            today.setdefault(old, today.get(new, new))
        message = mask(logged.message, "COMMIT_EDITMSG").text
        paths = sorted({today.get(path, path) for path in logged.paths})
        told.append(ToldCommit(logged, message, tuple(paths), term_counts(said(message))))
    return told


def write_commits(source: Source, batch: Sequence[ToldCommit]) -> None:
    """Write commits with their postings, inside a transaction."""
    commits = Commit.objects.bulk_create(
        Commit(
            source=source,
            oid=told.logged.oid,
            committed_at=told.logged.committed_at,
            author=told.logged.author,
            message=told.message,
            paths=list(told.paths),
            length_terms=sum(told.counts.values()),
        )
        for told in batch
    )
    _write_postings(source, commits, [told.counts for told in batch])


def _write_postings(
    source: Source, commits: Sequence[Commit], terms: Sequence[Mapping[str, int]]
) -> None:
    """Write which commits hold which terms; a few join the batch that was begun last."""
    ids = [commit.pk for commit in commits]
    found = Occurrences(
        np.array([term_id(term) for counts in terms for term in counts], dtype=np.int64),
        np.repeat(np.array(ids, dtype=np.int64), [len(counts) for counts in terms]),
        np.array([times for counts in terms for times in counts.values()], dtype=np.int64),
    )
    batches = _batches(source, ids)
    rows = list(posting_rows(found, batches[np.searchsorted(ids, found.ids)]))
    parameters: dict[str, Any] = {
        "source_id": source.pk,
        "batches": [row.batch for row in rows],
        "terms": [row.term for row in rows],
        "entries": [row.entries for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD_ENTRIES, parameters)


def _batches(source: Source, ids: Sequence[int]) -> Numbers:
    newest = CommitPosting.objects.filter(source=source).aggregate(newest=Max("batch"))["newest"]
    if newest is not None and len(ids) < BATCH and ids[-1] - newest < REACH:
        since = Commit.objects.filter(source=source, pk__gte=newest).count()
        if since <= BATCH:
            return np.full(len(ids), newest, dtype=np.int64)
    return batches_of(ids, BATCH)
