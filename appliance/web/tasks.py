"""Celery's doorway into the appliance's own state."""

from __future__ import annotations

import logging
from pathlib import Path

from celery import shared_task
from django.conf import settings

from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.making import back_up
from appliance.web.models import record_heartbeat

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=60)
def beat(name: str) -> None:
    """Prove that scheduler, queue and worker work together; a late one proves nothing."""
    record_heartbeat(name)


@shared_task(ignore_result=True)
def back_up_nightly() -> None:
    """Write a backup, where a folder for them is set; the status page tells of one that failed."""
    if not settings.BACKUP_FOLDER:
        return
    try:
        back_up(Path(settings.BACKUP_FOLDER))
    except BackupFailed as exc:
        logger.error("the nightly backup failed: %s", exc)
