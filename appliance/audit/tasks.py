"""Celery's doorways into the audit: nothing in, nothing out; running one twice does no harm."""

from __future__ import annotations

from celery import shared_task

from appliance.audit import heads, pruning, verifying
from appliance.audit.sinks import delivery


@shared_task(ignore_result=True, expires=60)
def sign_head() -> None:
    """Sign how far the record goes."""
    heads.sign_head()


@shared_task(ignore_result=True, expires=10)
def deliver() -> None:
    """Deliver what waits to the collector and to the files."""
    delivery.deliver_all()


@shared_task(ignore_result=True)
def prune_expired() -> None:
    """Remove the records whose time is over."""
    pruning.prune_expired()


@shared_task(ignore_result=True)
def verify() -> None:
    """Look whether the record is whole."""
    verifying.verify_and_note(heads=heads.known_heads())
