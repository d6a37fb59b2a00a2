"""Who follows the database's log: the archive, and replicas. Each has a slot, which shows how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, connection
from prometheus_client.core import GaugeMetricFamily, Metric

from appliance.common.metrics import register
from appliance.web.check import ABOVE, UNKNOWN, Check

NAME = "Copies of the database"
FAR_BYTES = 1_000_000_000
SLOTS = """
SELECT slot_name, active, coalesce(pg_wal_lsn_diff(
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
         restart_lsn), 0)::bigint, coalesce(wal_status, '') = 'lost'
  FROM pg_replication_slots WHERE slot_type = 'physical' ORDER BY slot_name
"""


@dataclass(frozen=True, slots=True)
class Follower:
    """One that follows, and how much of the log it has not got yet."""

    name: str
    is_there: bool
    behind_bytes: int
    is_lost: bool  # the server keeps no longer what it needs


def followers() -> list[Follower]:
    with connection.cursor() as cursor:
        cursor.execute(SLOTS)
        return [Follower(*row) for row in cursor.fetchall()]


def check_copies() -> Check:
    try:
        found = followers()
    except DatabaseError:
        return Check(NAME, "failed", UNKNOWN, ABOVE)
    if not found:
        return Check(NAME, "off", "nobody follows the database", "See docs/backup.md.")
    detail = ", ".join(
        f"{one.name}: {'' if one.is_there else 'away, '}{one.behind_bytes / 1e6:.0f} MB behind"
        for one in found
    )
    if lost := [one.name for one in found if one.is_lost]:
        step = f"Make {', '.join(lost)} anew: the log that it needs is gone. See docs/backup.md."
        return Check(NAME, "failed", detail, step)
    if any(not one.is_there or one.behind_bytes > FAR_BYTES for one in found):
        step = "Start it: plumbline-archive on the scheduler's host, or the replica."
        return Check(NAME, "warning", detail, step)
    return Check(NAME, "ok", detail)


def collect() -> Iterator[Metric]:
    there = GaugeMetricFamily(
        "plumbline_database_copy_up", "Whether it follows the log.", labels=["copy"]
    )
    behind = GaugeMetricFamily(
        "plumbline_database_copy_behind_bytes", "Of the log, not yet there.", labels=["copy"]
    )
    for one in followers():
        there.add_metric([one.name], float(one.is_there))
        behind.add_metric([one.name], one.behind_bytes)
    yield from (there, behind)


register("database copies", collect)
