"""One look of one service for a way out: attempts, controls, and the row that keeps what was found."""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from appliance.audit.actions import Action, Outcome
from appliance.audit.errors import NotRecorded
from appliance.audit.recording import Target, record
from appliance.web.egress.attesting import sign
from appliance.web.models import EgressRun
from inference.egress import targets
from inference.egress.checking import Report, check

logger = logging.getLogger(__name__)

KEPT = timedelta(days=400)
PASSED = {"sealed", "accepted"}


def look(service: str) -> Report:
    """Try every way out, log what came of it, and keep it; the database may be down meanwhile."""
    ways = targets.targets_from(settings.EGRESS_TARGETS)
    report = check(
        [*ways, *targets.proxies_from(os.environ)],
        controls=[database_control()],
        accepted=settings.EGRESS_ACCEPTED,
    )
    level = logging.INFO if report.verdict in PASSED else logging.ERROR
    if settings.EGRESS == "report":
        level = min(level, logging.WARNING)
    logger.log(level, "service=%s %s", service, report.sentence)
    try:
        keep(service, report)
    except (DatabaseError, NotRecorded, OSError) as exc:
        logger.warning("the look for a way out is not kept: %s", type(exc).__name__)
    return report


def database_control() -> targets.Target:
    """Return what every service must reach, or it could not work."""
    database = connection.settings_dict
    host, port = _host_in_use() or "localhost", int(database["PORT"] or 5432)
    if host.startswith("/"):
        return targets.Target(targets.UNIX, f"{host}/.s.PGSQL.{port}")
    return targets.Target(targets.TCP, host, port)


def _host_in_use() -> str:
    """Return the database's host; of several the one that takes writes, if any answers."""
    named = str(connection.settings_dict["HOST"])
    if "," in named:
        try:
            connection.ensure_connection()
            return str(connection.connection.info.host)
        except DatabaseError:
            return named.partition(",")[0]
    return named


def keep(service: str, report: Report) -> EgressRun:
    """Write the row, signed, and a record of it in the audit."""
    run = EgressRun(
        service=service,
        host=socket.gethostname()[:100],
        at=timezone.now(),
        verdict=report.verdict,
        attempts=[asdict(one) for one in report.attempts],
        controls=[asdict(one) for one in report.controls],
        seconds=report.seconds,
    )
    sign(run)
    with transaction.atomic():
        EgressRun.objects.filter(at__lt=timezone.now() - KEPT).delete()
        run.save(force_insert=True)
        record(
            Action.EGRESS_CHECKED,
            target=Target("service", str(run.pk), f"{service} on {run.host}"),
            outcome=Outcome.DONE if report.verdict in PASSED else Outcome.FAILED,
            details={
                "verdict": report.verdict,
                "open": [one.target for one in report.open],
                "tried": sum(one.outcome != "untried" for one in report.attempts),
            },
        )
    return run


def newest_runs() -> list[EgressRun]:
    """Return the newest look of each service on each host."""
    newest = EgressRun.objects.order_by("host", "service", "-at", "-pk")
    return list(newest.distinct("host", "service"))
