"""Celery's doorways into saved searches: by the clock, nothing in, nothing out."""

from __future__ import annotations

from celery import shared_task

from appliance.sources.saved.delivering import deliver_waiting
from appliance.sources.saved.forgetting import forget_removed
from appliance.sources.saved.looking import look_around


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
