"""Writes the history of a source's default ref, as far as it is not stored yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from django.db import connection, transaction

from indexer.fetching.log import LoggedCommit, is_ancestor, read_log
from indexer.history.messages import said
from indexer.ingestion.jobs import fence
from indexer.lexical.terms import term_counts, term_id
from indexer.masking import mask
from indexer.models import Commit, CommitPosting, Job, Source

MAX_COMMITS = 20_000  # newest first; what is older hardly speaks of today's files
MAX_PATHS = 100  # a commit that touched more says nothing about any of them
MAX_MESSAGE = 8000
MAX_FREQUENCY = 1000
BATCH = 1000
TIME_LIMIT_S = 300.0

FOLLOW_RENAME = """
UPDATE indexer_commit SET paths = array_replace(paths, %(old)s, %(new)s)
 WHERE source_id = %(source_id)s AND paths @> ARRAY[%(old)s]
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


def store_history(job: Job, mirror: Path, commit: str) -> int:
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
    with transaction.atomic():
        fence(job)
        if not since:
            Commit.objects.filter(source=source).delete()
            CommitPosting.objects.filter(source=source).delete()
        written = _write(source, log)
        Source.objects.filter(pk=source.pk).update(history_commit=commit)
        with connection.cursor() as cursor:
            cursor.execute(COUNT_TOUCHES, {"source_id": source.pk})
    return written


def _write(source: Source, log: Iterable[LoggedCommit]) -> int:
    """Write commits, newest first, under the names that their files have today."""
    today: dict[str, str] = {}
    written = 0
    entries = iter(log)
    while batch := list(islice(entries, BATCH)):
        commits, terms = [], []
        for logged in batch:
            for old, new in logged.renames:
                today.setdefault(old, today.get(new, new))
            commit = _commit(source, logged, today)
            counts = term_counts(said(commit.message))
            commit.length_terms = sum(counts.values())
            commits.append(commit)
            terms.append(counts)
        _write_postings(source, Commit.objects.bulk_create(commits), terms)
        written += len(batch)
    with connection.cursor() as cursor:
        for old, new in today.items():  # of what was stored before
            cursor.execute(FOLLOW_RENAME, {"source_id": source.pk, "old": old, "new": new})
    return written


def _commit(source: Source, logged: LoggedCommit, today: dict[str, str]) -> Commit:
    paths = logged.paths if len(logged.paths) <= MAX_PATHS else ()
    return Commit(
        source=source,
        oid=logged.oid,
        committed_at=logged.committed_at,
        author=logged.author.replace("\0", ""),
        message=mask(logged.message[:MAX_MESSAGE], "COMMIT_EDITMSG").text,
        paths=sorted({today.get(path, path) for path in paths}),
    )


def _write_postings(
    source: Source, commits: Sequence[Commit], terms: Sequence[Mapping[str, int]]
) -> None:
    first = commits[0].pk
    postings: dict[int, tuple[list[int], list[int]]] = {}
    for commit, counts in zip(commits, terms, strict=True):
        for term, times in counts.items():
            offsets, frequencies = postings.setdefault(term_id(term), ([], []))
            offsets.append(commit.pk - first)
            frequencies.append(min(times, MAX_FREQUENCY))
    CommitPosting.objects.bulk_create(
        CommitPosting(
            source=source, term=term, batch=first, offsets=offsets, frequencies=frequencies
        )
        for term, (offsets, frequencies) in sorted(postings.items())
    )
