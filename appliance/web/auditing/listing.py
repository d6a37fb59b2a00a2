"""Pages of records by where the last one ended: as quick at the millionth record as at the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from appliance.audit.models import Event

PER_PAGE = 50
LARGEST = 2**63 - 1

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class KeyPage(Generic[Row]):
    """Some rows, newest first, and the key below which the next ones stand; None: no more."""

    rows: Sequence[Row]
    older: int | None
    is_first: bool


def page_of(rows: QuerySet[Row], before: str) -> KeyPage[Row]:
    """Return the newest rows whose key lies below `before`; what is no number begins anew."""
    key = int(before) if before.isdecimal() and len(before) < 20 else LARGEST
    key = min(key, LARGEST)
    found = list(rows.filter(pk__lt=key).order_by("-pk")[: PER_PAGE + 1])
    older = found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None
    return KeyPage(found[:PER_PAGE], older, is_first=key == LARGEST)


def events_like(
    wanted: Mapping[str, Any], span: tuple[datetime | None, datetime | None]
) -> QuerySet[Event]:
    """Return the records that fit every filter that is filled in."""
    events = Event.objects.all()
    since, until = span
    exact = {"actor": "person", "action": "action", "outcome": "outcome"}
    conditions = {field: wanted[name] for field, name in exact.items() if wanted.get(name)}
    if since is not None:
        conditions["at__gte"] = since
    if until is not None:
        conditions["at__lt"] = until
    events = events.filter(**conditions)
    if named := wanted.get("object"):
        events = events.filter(Q(object_name=named) | Q(object_id=named))
    return events
