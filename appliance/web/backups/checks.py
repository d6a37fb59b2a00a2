"""How old the newest backup is, for the status page, the doctor and Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from appliance.common.metrics import register
from appliance.web.check import ABOVE, UNKNOWN, Check
from appliance.web.models import BackupRun

OVERDUE = timedelta(hours=36)  # one night was missed
NAME = "Backup"
LOOKED_AT = 50


def check_backup() -> Check:
    try:
        last = BackupRun.objects.first()
        good = BackupRun.objects.filter(is_done=True).first()
    except DatabaseError:
        return Check(NAME, "failed", UNKNOWN, ABOVE)
    if last is None:
        step = "Run manage.py backup DIR, or set PLUMBLINE_BACKUP_FOLDER: docs/backup.md."
        return Check(NAME, "off", "none was made yet", step)
    if not last.is_done:
        detail = f"the last one failed: {last.error}"
        return Check(NAME, "failed", detail, "Correct that, and run manage.py backup again.")
    assert good is not None  # noqa: S101  the last one is
    plain = "" if good.is_encrypted else ", not encrypted"
    detail = f"{good.at:%Y-%m-%d %H:%M}, {good.size_bytes / 1e6:.1f} MB{plain}"
    if timezone.now() - good.at > OVERDUE:
        return Check(NAME, "warning", f"the newest is of {detail}", "Run manage.py backup.")
    if not good.is_encrypted and (settings.BACKUP_FOLDER or settings.SECURE_TLS):
        return Check(NAME, "warning", detail, "Set PLUMBLINE_BACKUP_RECIPIENTS: docs/backup.md.")
    return Check(NAME, "ok", detail)


def collect() -> Iterator[Metric]:
    newest = list(BackupRun.objects.all()[:LOOKED_AT])  # one statement: a scrape asks little
    last = next(iter(newest), None)
    good = next((run for run in newest if run.is_done), None)
    failed = GaugeMetricFamily(
        "plumbline_backup_failed", "Whether the last backup failed.", labels=[]
    )
    age = GaugeMetricFamily("plumbline_backup_age_seconds", "Since the newest backup.", labels=[])
    size = GaugeMetricFamily("plumbline_backup_size_bytes", "Of the newest backup.", labels=[])
    if last is not None:
        failed.add_metric([], float(not last.is_done))
    if good is not None:
        age.add_metric([], (timezone.now() - good.at).total_seconds())
        size.add_metric([], good.size_bytes)
    yield from (failed, age, size)


register("backup", collect)
