"""Celery's doorway into what ends by itself."""

from __future__ import annotations

from celery import shared_task

from appliance.accounts import glass, leaving


@shared_task(ignore_result=True, expires=5)
def end_what_is_over() -> None:
    """Record emergency access whose time is over; end what disabled accounts still hold."""
    glass.close_ended()
    leaving.end_left()
