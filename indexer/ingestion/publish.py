"""Make a commit live for one ref, in one transaction: readers see the old tree or the new one.

The changed paths go into a temporary table, and PostgreSQL compares it with the documents: memory
does not grow with the repository, and a commit touches the rows of what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from indexer.errors import ContentVanished
from indexer.ingestion.changes import PlannedPath
from indexer.ingestion.jobs import fence
from indexer.lexical.terms import path_terms, term_id
from indexer.models import Document, Job, Ref, SkippedFile
from indexer.reading.roles import document_role
from indexer.reading.version import READER_VERSION

_FOLDER = Path(__file__).parent / "sql"


def _statement(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


CREATE_CHANGES = _statement("create_changes")
FIND_VANISHED = _statement("find_vanished")
LEAVE = _statement("leave")
JOIN = _statement("join")
SKIP = _statement("skip")
UNSKIP = _statement("unskip")
LEAVE_REF = _statement("leave_ref")
LIVE_CHUNKS = _statement("live_chunks")
COPY_CHANGES = (
    "COPY planned_change (path, oid, size_bytes, skip_reason, skip_detail, role, path_terms)"
    " FROM STDIN"
)


class Changes(Protocol):
    """What publishing needs of a plan."""

    @property
    def is_whole(self) -> bool: ...

    @property
    def key(self) -> str: ...

    def paths(self) -> Iterator[PlannedPath]: ...


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """A ref as the fetch resolved it."""

    name: str
    kind: str
    is_default: bool
    commit: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    ref: Ref
    files: int
    files_changed: int
    skipped: dict[str, int]  # reason -> count


def publish(job: Job, update: RefUpdate, plan: Changes) -> Published:
    """Point the ref at the commit: its documents, its skipped files and nothing else change.

    Raises ContentVanished when content of the plan is not stored (any more).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        fence(job)
        ref = _upsert_ref(job, update, plan.key)
        cursor.execute(CREATE_CHANGES)
        with cursor.copy(COPY_CHANGES) as copy:
            for planned in plan.paths():
                copy.write_row(_row(planned))
        cursor.execute("ANALYZE planned_change")
        parameters = {
            "source_id": ref.source_id,
            "ref_id": ref.pk,
            "is_whole": plan.is_whole,
            "version": READER_VERSION,
        }
        if _number(FIND_VANISHED, parameters):
            raise ContentVanished(f"content of {update.commit} is not stored")
        left = _paths(LEAVE, parameters)
        joined = _paths(JOIN, parameters)
        cursor.execute(UNSKIP, parameters)
        cursor.execute(SKIP, parameters)
        cursor.execute("DROP TABLE planned_change")
        return Published(ref, _files(ref), len(left | joined), _skipped(ref))


def _row(planned: PlannedPath) -> tuple[object, ...]:
    if not planned.oid or planned.skip is not None:
        reason = planned.skip.reason.value if planned.skip else ""
        detail = planned.skip.detail[:200] if planned.skip else ""
        return planned.path, "", planned.size_bytes, reason, detail, "", "{}"
    terms = sorted({term_id(term) for term in path_terms(planned.path)})
    role = document_role(planned.path)
    literal = "{" + ",".join(map(str, terms)) + "}"
    return planned.path, planned.oid, planned.size_bytes, "", "", role.value, literal


def _upsert_ref(job: Job, update: RefUpdate, plan_key: str) -> Ref:
    ref, _ = Ref.objects.update_or_create(
        source=job.source,
        name=update.name,
        defaults={
            "kind": update.kind,
            "is_default": update.is_default,
            "commit": update.commit,
            "committed_at": update.committed_at,
            "live_at": timezone.now(),
            "plan_key": plan_key,
            "edition": uuid4(),
        },
    )
    if update.is_default:
        # The default may have been renamed: readers see the one or the other, never both.
        others = Ref.objects.filter(source=job.source, is_default=True).exclude(pk=ref.pk)
        others.update(is_default=False)
    return ref


def drop_other_refs(job: Job, names: Sequence[str]) -> None:
    """Stop following refs that are no longer asked for, with the documents only they hold."""
    with transaction.atomic(), connection.cursor() as cursor:
        fence(job)
        for ref in Ref.objects.filter(source=job.source).exclude(name__in=names):
            cursor.execute(LEAVE_REF, {"source_id": ref.source_id, "ref_id": ref.pk})
            ref.delete()


def _files(ref: Ref) -> int:
    return Document.objects.filter(source_id=ref.source_id, refs__contains=[ref.pk]).count()


def _skipped(ref: Ref) -> dict[str, int]:
    counts = SkippedFile.objects.filter(ref=ref).order_by("reason").values_list("reason")
    return dict(counts.annotate(files=Count("pk")))


def live_chunks(ref: Ref) -> int:
    """Return how many chunks the documents of a ref have, each blob counted once."""
    return _number(LIVE_CHUNKS, {"source_id": ref.source_id, "ref_id": ref.pk})


def _number(statement: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.fetchone()[0])


def _paths(statement: str, parameters: dict[str, Any]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {path for (path,) in cursor.fetchall()}
