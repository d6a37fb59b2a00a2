"""Which stored commits changed a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404

from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.access import get_source
from indexer.models import Commit, Document
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class FileCommit:
    commit: str
    at: datetime
    author: str
    message: str  # empty for who may read the source in part only


@dataclass(frozen=True, slots=True)
class FileHistory:
    commits: Sequence[FileCommit]  # newest first
    has_more: bool


def history_of(
    scope: Scope, source_name: str, path: str, *, limit: int, offset: int
) -> FileHistory:
    """Return the commits of the default ref that changed a file, under its name of today.

    Answers 404 for what may not be read, and just so for what never was there. A message may speak
    of any file of its source: who may read only some of them is told when and by whom, not what.
    """
    source = get_source(scope, source_name)
    if "\0" in path or not scope.allows(source.pk, path):
        raise Http404
    rows = Commit.objects.filter(source=source, paths__contains=[path])
    found = list(rows.order_by("-committed_at", "-pk")[offset : offset + limit + 1])
    if not found and not Document.objects.filter(source=source, path=path).exists():
        raise Http404
    is_whole = source.pk in scope.whole_source_ids
    target = Target("file", str(source.pk), f"{source.name}:{path}")
    record(Action.FILE_READ, target=target, details={"source": source.name, "history": True})
    return FileHistory(
        [
            FileCommit(one.oid, one.committed_at, one.author, one.message if is_whole else "")
            for one in found[:limit]
        ],
        has_more=len(found) > limit,
    )
