"""Who was shown which lines, and what a person was shown."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from appliance.audit.models import Exposure


def who_was_shown(
    source: str,
    path: str,
    *,
    lines: tuple[int, int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Exposure]:
    """Return each time that somebody was shown some of these lines (none named: of the file)."""
    # As the index has it: a path is found by its digest.
    digest = RawSQL("md5(path)", ())
    rows = Exposure.objects.alias(digest=digest).filter(source=source, path=path)
    rows = rows.filter(digest=RawSQL("md5(%s)", (path,)))
    if lines is not None:
        first, last = lines
        rows = rows.filter(first_line__lte=last, last_line__gte=first)
    return _between(rows, since, until)


def shown_to(
    actor: str, *, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Exposure]:
    """Return what somebody of this name was shown."""
    return _between(Exposure.objects.filter(actor=actor), since, until)


def _between(
    rows: QuerySet[Exposure], since: datetime | None, until: datetime | None
) -> QuerySet[Exposure]:
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    return rows.order_by("-at", "-pk")
