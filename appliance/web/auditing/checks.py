"""Whether the record is whole, and how far each place outside is behind."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from appliance.audit.models import Verification
from appliance.audit.sinks.delivery import Lag, lags
from appliance.web.check import ABOVE, UNKNOWN, Check

OVERDUE = timedelta(days=2)
LATE = timedelta(minutes=5)


def check_audit() -> Check:
    try:
        found = Verification.objects.first()
    except DatabaseError:
        return Check("Audit", "failed", UNKNOWN, ABOVE)
    if found is None:
        step = "It is verified each night, or at once: manage.py audit verify"
        return Check("Audit", "off", "not verified yet", step)
    if found.problem:
        step = "Keep the database as it is, and ask who could write to it: docs/audit.md."
        return Check("Audit", "failed", found.problem, step)
    detail = f"whole to record {found.last}, verified {found.at:%Y-%m-%d %H:%M}"
    if timezone.now() - found.at > OVERDUE:
        return Check("Audit", "warning", detail, "Start the scheduler, or verify it by hand.")
    return Check("Audit", "ok", detail)


def check_audit_delivery() -> Check:
    try:
        behind = lags()
    except DatabaseError:
        return Check("Audit delivery", "failed", UNKNOWN, ABOVE)
    if not behind:
        step = "Set PLUMBLINE_AUDIT_SYSLOG or PLUMBLINE_AUDIT_FOLDER: docs/audit.md."
        return Check("Audit delivery", "off", "the record is in the database alone", step)
    detail = "; ".join(_sentence(lag) for lag in behind)
    broken = [lag for lag in behind if lag.error]
    if broken:
        step = "Nothing is lost: what waits is sent when it answers. " + "; ".join(
            f"{lag.name}: {lag.error}" for lag in broken
        )
        return Check("Audit delivery", "failed", detail, step)
    late = [lag for lag in behind if lag.oldest and timezone.now() - lag.oldest > LATE]
    if late:
        return Check("Audit delivery", "warning", detail, "Start the scheduler and the worker.")
    return Check("Audit delivery", "ok", detail)


def _sentence(lag: Lag) -> str:
    if not lag.waiting or lag.oldest is None:
        return f"{lag.name}: all is delivered"
    seconds = max(0, round((timezone.now() - lag.oldest).total_seconds()))
    return f"{lag.name}: {lag.waiting} records wait, the oldest for {seconds} s"
