"""The search itself: files, candidates by trigram, lines by RE2, and the certificate."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import re2
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled

from indexer.codesearch.certificate import Certificate, CodeResult, FileMatches, SearchedRef
from indexer.codesearch.files import CodeFile, Searched, files_of, searched_by, skipped_of
from indexer.codesearch.lookups import Lookup
from indexer.codesearch.matching import LineMatch, compiled
from indexer.codesearch.query import CodeQuery
from indexer.codesearch.tree import ANY, All, allows, condition
from indexer.lexical.trigrams import fold
from indexer.models import Blob, Definition
from indexer.scope import Scope
from indexer.spans import Span

SECONDS = 10.0
MATCHES = 1000  # lines
BATCH_FILES = 50  # texts in memory at a time

BLOBS_HOLDING = """
SELECT used.blob_id
  FROM indexer_trigramset AS trigram_set
  JOIN indexer_trigramuse AS used ON used.trigram_set_id = trigram_set.id
"""


@dataclass(slots=True)
class Progress:
    """How far a search has come, and what may still be used up."""

    deadline: float
    lines_left: int
    files: list[FileMatches] = field(default_factory=list)
    read: int = 0
    stopped: str = ""

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def goes_on(self) -> bool:
        if not self.stopped and self.seconds_left <= 0:
            self.stopped = "time"
        return not self.stopped


def search_code(
    query: CodeQuery, *, scope: Scope, seconds: float = SECONDS, max_lines: int = MATCHES
) -> CodeResult:
    """Return the matching lines of all files that the scope may read and the filters choose.

    Everything is read from one state of the corpus. What could not be searched in the given time,
    or would be more lines than asked for, is left out, and the certificate says so.
    """
    started = time.monotonic()
    searched_at = timezone.now()
    progress = Progress(started + seconds, max_lines)
    lookup = Lookup.of(query)
    tree = lookup.tree
    files: list[CodeFile] = []
    with _one_state():
        searched = searched_by(query, scope)
        skipped = skipped_of(query, searched)
        with _time_box(progress):
            files = files_of(query, searched)
            candidates = _candidates(files, tree)
            _read_all(lookup, candidates, searched, progress)
    certificate = Certificate(
        query=str(query),
        searched_at=searched_at,
        refs=_searched_refs(files, searched, skipped),
        files_searched=len(files),
        files_read=progress.read,
        is_narrowed=tree != ANY or query.expression is None,
        stopped=progress.stopped,
        seconds=time.monotonic() - started,
    )
    return CodeResult(tuple(progress.files), certificate)


@contextmanager
def _one_state() -> Iterator[None]:
    """Let every statement see the same corpus, whatever a sync makes live meanwhile."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _time_box(progress: Progress) -> Iterator[None]:
    """Let PostgreSQL break off what takes longer than is left."""
    try:
        with transaction.atomic():
            left = max(1, int(progress.seconds_left * 1000))
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {left}")
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 0")
    except OperationalError as exc:
        if not isinstance(exc.__cause__, QueryCanceled):
            raise
        progress.stopped = "time"


def _candidates(files: Sequence[CodeFile], tree: All) -> list[CodeFile]:
    """Return the files in which the pattern may occur: all whose trigrams allow it.

    A text whose trigrams are not stored yet (an older reader made it) is a candidate too.
    """
    if tree == ANY or not files:
        return list(files)
    where, parameters = condition(tree)
    with connection.cursor() as cursor:
        cursor.execute(f"{BLOBS_HOLDING} WHERE {where}", parameters)
        found = {blob_id for (blob_id,) in cursor.fetchall()}
    return [file for file in files if file.blob_id in found or not file.has_trigrams]


def _read_all(
    lookup: Lookup,
    candidates: Sequence[CodeFile],
    searched: Searched,
    progress: Progress,
) -> None:
    names = [compiled(one.value) for one in lookup.query.of("symbol")]
    for first in range(0, len(candidates), BATCH_FILES):
        if not progress.goes_on():
            return
        batch = candidates[first : first + BATCH_FILES]
        wanted = [_spans_of(name, {file.blob_id for file in batch}) for name in names]
        batch = [file for file in batch if all(file.blob_id in spans for spans in wanted)]
        blob_ids = {file.blob_id for file in batch}
        texts = dict(Blob.objects.filter(pk__in=blob_ids).values_list("pk", "text"))
        for file in batch:
            if not progress.goes_on():
                return
            symbols = [spans[file.blob_id] for spans in wanted]
            text = texts[file.blob_id]
            lines = _lines_of(text, lookup, symbols, progress)
            # A set of trigrams may be that of other versions too, of which nothing is told.
            may_match = not file.has_trigrams or allows(lookup.tree, fold(text))
            progress.read += bool(lines) or may_match
            if lines:
                progress.files.append(_matches(file, lines, searched))


def _lines_of(
    text: str, lookup: Lookup, symbols: Sequence[Sequence[Span]], progress: Progress
) -> list[LineMatch]:
    lines: list[LineMatch] = []
    for found in lookup.lines(text, symbols):
        for line in found:
            if not all(_is_in(line.line, spans) for spans in symbols):
                continue
            if progress.lines_left == 0:
                progress.stopped = "limit"
                return lines
            progress.lines_left -= 1
            lines.append(line)
        if not progress.goes_on():
            break
    return lines


def _is_in(line: int, spans: Iterable[Span]) -> bool:
    return any(span.start_line <= line <= span.end_line for span in spans)


def _spans_of(pattern: re2._Regexp, blob_ids: Collection[int]) -> dict[int, list[Span]]:
    """Return the spans of the definitions whose name the pattern matches, by blob."""
    spans: dict[int, list[Span]] = defaultdict(list)
    rows = Definition.objects.filter(blob_id__in=blob_ids).values_list(
        "blob_id", "name", "start_line", "end_line"
    )
    for blob_id, name, start, end in rows:
        if pattern.search(name.encode("utf-8", "replace")):
            spans[blob_id].append(Span(start, end))
    return spans


def _matches(file: CodeFile, lines: list[LineMatch], searched: Searched) -> FileMatches:
    refs = [ref for ref in searched.refs if ref.pk in file.ref_ids]
    return FileMatches(
        source=searched.names[file.source_id],
        path=file.path,
        commit=refs[0].commit,
        refs=tuple(ref.name for ref in refs),
        language=file.language,
        lines=tuple(lines),
        kind=file.kind,
    )


def _searched_refs(
    files: Iterable[CodeFile], searched: Searched, skipped: dict[int, Counter[str]]
) -> tuple[SearchedRef, ...]:
    counts: Counter[int] = Counter()
    masked: Counter[int] = Counter()
    for file in files:
        counts.update(file.ref_ids)
        if file.is_masked:
            masked.update(file.ref_ids)
    return tuple(
        SearchedRef(
            source=searched.names[ref.source_id],
            ref=ref.name,
            commit=ref.commit,
            files=counts[ref.pk],
            masked_files=masked[ref.pk],
            skipped=tuple(sorted(skipped.get(ref.pk, Counter()).items())),
        )
        for ref in searched.refs
    )
