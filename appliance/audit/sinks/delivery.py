"""Delivers the record to the places outside, from where each of them was left off.

The table itself is the spool: while a place does not answer, what it has not had waits there, and
is not removed by retention either.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from appliance.audit.models import Event, Head, SinkCursor
from appliance.audit.pruning import configured
from appliance.audit.sinks import files
from appliance.audit.sinks.syslog import Collector, message_of, message_of_head

logger = logging.getLogger(__name__)

AT_A_TIME = 500
MOST_BATCHES = 40  # in one run: the next one goes on


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one place is behind."""

    name: str
    waiting: int
    oldest: datetime | None
    error: str


def deliver_all() -> None:
    """Deliver to every place that is configured; one that fails does not hold up the others."""
    with _alone() as is_alone:
        if is_alone:
            for name in configured():
                deliver(name)


def deliver(name: str) -> None:
    """Deliver what waits for one place; an error is written down, and the next run tries again."""
    cursor, _ = SinkCursor.objects.get_or_create(name=name)
    try:
        for _ in range(MOST_BATCHES):
            if not _deliver_batch(cursor):
                break
        cursor.error = ""
    except (OSError, ValueError) as exc:
        cursor.error = str(exc)[:300] or type(exc).__name__
        logger.warning("audit sink=%s waits at %s: %s", name, cursor.sequence, cursor.error)
    cursor.save(update_fields=["error"])


def lags() -> list[Lag]:
    """Return how far each place is behind."""
    cursors = {cursor.name: cursor for cursor in SinkCursor.objects.all()}
    return [_lag(name, cursors.get(name) or SinkCursor(name=name)) for name in configured()]


def _lag(name: str, cursor: SinkCursor) -> Lag:
    waiting = Event.objects.filter(sequence__gt=cursor.sequence)
    oldest = waiting.order_by("sequence").values_list("at", flat=True).first()
    return Lag(name, waiting.count(), oldest, cursor.error)


def _deliver_batch(cursor: SinkCursor) -> bool:
    """Deliver the next records and heads; return whether there may be more."""
    events = list(Event.objects.filter(sequence__gt=cursor.sequence)[:AT_A_TIME])
    heads = list(Head.objects.filter(pk__gt=cursor.head).order_by("pk")[:AT_A_TIME])
    if not events and not heads:
        return False
    _send(cursor.name, events, heads)
    cursor.sequence = events[-1].sequence if events else cursor.sequence
    cursor.head = heads[-1].pk if heads else cursor.head
    cursor.delivered_at = timezone.now()
    cursor.save(update_fields=["sequence", "head", "delivered_at"])
    return len(events) == AT_A_TIME


def _send(name: str, events: Sequence[Event], heads: Sequence[Head]) -> None:
    if name == "file":
        files.write(Path(settings.AUDIT_FOLDER), events, heads)
        return
    collector = Collector.at(settings.AUDIT_SYSLOG, settings.AUDIT_SYSLOG_CA_FILE)
    collector.send([*map(message_of, events), *map(message_of_head, heads)])


@contextmanager
def _alone() -> Iterator[bool]:
    """Tell whether no other run is at work: two would deliver the same records twice."""
    file: Path = settings.PLUMBLINE_HOME / "audit" / "deliver.lock"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
