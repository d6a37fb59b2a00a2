"""Paths near to what somebody typed, among those that they may read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from django.db.models import Q

from indexer.models import Document, SkippedFile, Source
from indexer.scope import Scope

SUGGESTIONS = 10
LOOKED_AT = 5000  # paths; enough to find something near, little enough to be quick
LEAST_LIKENESS = 0.6


def paths_containing(source: Source, text: str, scope: Scope) -> list[str]:
    """Return indexed and skipped paths that contain the text, in any case, shortest first."""
    return _readable(source, _paths(source, Q(path__icontains=text)), scope, text)


def paths_near(source: Source, path: str, scope: Scope) -> list[str]:
    """Return paths that contain the text, else some of the same name, else such as look like it."""
    name = path.rstrip("/").rpartition("/")[2]
    if found := paths_containing(source, path, scope):
        return found
    if found := paths_containing(source, name, scope):
        return found
    stem = name.partition(".")[0]
    some = _paths(source, Q(path__icontains=stem[:3])) if len(stem) > 2 else []
    readable = [other for other in some if scope.allows(source.pk, other)]
    by_name = {other.rpartition("/")[2].lower(): other for other in readable}
    close = difflib.get_close_matches(name.lower(), by_name, SUGGESTIONS, LEAST_LIKENESS)
    return [by_name[one] for one in close]


def _paths(source: Source, condition: Q) -> list[str]:
    documents = Document.objects.filter(condition, source=source)
    skipped = SkippedFile.objects.filter(condition, ref__source=source)
    indexed = documents.order_by("path").values_list("path", flat=True).distinct()[:LOOKED_AT]
    left_out = skipped.order_by("path").values_list("path", flat=True).distinct()[:LOOKED_AT]
    return sorted({*indexed, *left_out})


def _readable(source: Source, paths: Iterable[str], scope: Scope, text: str) -> list[str]:
    allowed = [path for path in paths if scope.allows(source.pk, path)]
    # What ends with the text is most likely meant.
    allowed.sort(key=lambda path: (not path.lower().endswith(text.lower()), len(path), path))
    return allowed[:SUGGESTIONS]
