"""Celery's doorway into the appliance's own state."""

from __future__ import annotations

from celery import shared_task

from appliance.web.models import record_heartbeat


@shared_task(ignore_result=True, expires=60)
def beat(name: str) -> None:
    """Prove that scheduler, queue and worker work together; a late one proves nothing."""
    record_heartbeat(name)
