"""Celery's doorways into sources, by the clock: permissions of code hosts, saved searches."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from appliance.sources.hostaccess.syncing import sync_access
from appliance.sources.models import HostAccess
from appliance.sources.saved.delivering import deliver_waiting
from appliance.sources.saved.forgetting import forget_removed
from appliance.sources.saved.looking import look_around

MOST_AT_ONCE = 100  # a minute; the longest untried go first, so that all get their turn


@shared_task(ignore_result=True, expires=60)
def sync_host_accesses() -> None:
    """Have each source whose interval is over synced, by a task of its own."""
    over = timezone.now() - timedelta(seconds=settings.HOST_ACCESS_SYNC_S)
    due = HostAccess.objects.filter(Q(tried_at=None) | Q(tried_at__lte=over))
    due = due.order_by(F("tried_at").asc(nulls_first=True), "pk")
    for pk in due.values_list("pk", flat=True)[:MOST_AT_ONCE]:
        sync_one_host_access.delay(pk)


@shared_task(ignore_result=True, expires=60)
def sync_one_host_access(access_id: int) -> None:
    """Sync one source, if it still takes its host's permissions."""
    access = HostAccess.objects.filter(pk=access_id).select_related("host", "source").first()
    if access is not None:
        sync_access(access)


@shared_task(ignore_result=True, expires=15)
def look_at_searches() -> None:
    """Make the saved searches with alerts again whose sources have changed since."""
    look_around()


@shared_task(ignore_result=True, expires=10)
def deliver_notifications() -> None:
    """Send what waits for mail and webhooks."""
    deliver_waiting()


@shared_task(ignore_result=True)
def forget_removed_places() -> None:
    """Clear what notifications still name of sources that were removed."""
    forget_removed()
