"""The record as JSON lines: as it is stored, or in the shape of OCSF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from appliance.audit.models import Event
from appliance.audit.ocsf import to_ocsf


def to_plain(event: Event) -> dict[str, Any]:
    """Return a record as it is stored: all that its hash covers, its hash and its signature."""
    return {
        "sequence": event.sequence,
        "at": event.at.isoformat(),
        "action": event.action,
        "outcome": event.outcome,
        "actor_id": event.actor_id,
        "actor": event.actor,
        "address": event.address,
        "object_kind": event.object_kind,
        "object_id": event.object_id,
        "object_name": event.object_name,
        "details": event.details,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
        "signature": event.signature,
    }


FORMATS: Mapping[str, Callable[[Event], dict[str, Any]]] = {"ocsf": to_ocsf, "jsonl": to_plain}


def line_of(event: Event, shape: str = "ocsf") -> str:
    """Return a record on one line: JSON escapes every line break that a name could hold."""
    return json.dumps(FORMATS[shape](event), separators=(",", ":"))


def events_between(since: datetime | None = None, until: datetime | None = None) -> QuerySet[Event]:
    events = Event.objects.all()
    if since is not None:
        events = events.filter(at__gte=since)
    if until is not None:
        events = events.filter(at__lt=until)
    return events


def lines_of(events: QuerySet[Event], shape: str) -> Iterator[str]:
    for event in events.iterator(chunk_size=2000):
        yield line_of(event, shape)
