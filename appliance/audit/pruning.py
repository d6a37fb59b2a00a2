"""Removes records whose time is over: the one way by which any leave the table.

In the place of each stretch a signed marker stays, with which the chain still holds together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from appliance.audit import keys
from appliance.audit.actions import Action
from appliance.audit.chain import pruning_text
from appliance.audit.holds import held
from appliance.audit.models import Event, Exposure, Pruning, SinkCursor
from appliance.audit.recording import CHAIN_LOCK, record

AT_A_TIME = 5000

Row = tuple[int, str, str]  # sequence, hash before, hash


def prune_expired() -> int:
    """Remove what is older than the retention, as far as it may go; return how many records."""
    if not settings.AUDIT_DAYS:
        return 0
    before = timezone.now() - timedelta(days=settings.AUDIT_DAYS)
    removed = 0
    while count := prune(before):
        removed += count
    return removed


@transaction.atomic
def prune(before: datetime) -> int:
    """Remove some thousand records older than this, with what they say of shown lines.

    What a legal hold keeps stays, and what has not been delivered to every place outside.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    rows = list(
        Event.objects.filter(at__lt=before, sequence__lte=_delivered())
        .exclude(held())
        .order_by("sequence")
        .values_list("sequence", "previous_hash", "hash")[:AT_A_TIME]
    )
    if not rows:
        return 0
    stretches = list(_stretches(rows))
    record(
        Action.AUDIT_PRUNED,
        details={"count": len(rows), "first": rows[0][0], "last": rows[-1][0]},
    )
    Pruning.objects.bulk_create(_marker(stretch) for stretch in stretches)
    _remove([row[0] for row in rows])
    return len(rows)


def _delivered() -> int:
    """Return the newest record that may go: the one before the newest of all, or of what waits."""
    newest = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    waiting = SinkCursor.objects.filter(name__in=configured()).values_list("sequence", flat=True)
    return min([newest - 1, *waiting])


def configured() -> list[str]:
    """Return the names of the places to which the record is delivered."""
    places = {"syslog": settings.AUDIT_SYSLOG, "file": settings.AUDIT_FOLDER}
    return [name for name, place in places.items() if place]


def _stretches(rows: Iterable[Row]) -> Iterable[list[Row]]:
    stretch: list[Row] = []
    for row in rows:
        if stretch and row[0] != stretch[-1][0] + 1:
            yield stretch
            stretch = []
        stretch.append(row)
    yield stretch


def _marker(stretch: list[Row]) -> Pruning:
    marker = Pruning(
        first=stretch[0][0],
        last=stretch[-1][0],
        previous_hash=stretch[0][1],
        hash=stretch[-1][2],
        at=timezone.now(),
    )
    marker.signature = keys.sign(pruning_text(marker))
    return marker


def _remove(sequences: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plumbline.audit_pruning', 'on', true)")
    for rows in (
        Exposure.objects.filter(event_id__in=sequences),
        Event.objects.filter(pk__in=sequences),
    ):
        rows._raw_delete(rows.db)  # the rows themselves: nothing else hangs on them
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plumbline.audit_pruning', 'off', true)")
