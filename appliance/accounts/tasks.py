"""Celery's doorway into the upkeep of sign-in."""

from __future__ import annotations

from celery import shared_task

from appliance.accounts.saml.responses import forget_expired


@shared_task(ignore_result=True, expires=3600)
def forget_seen_assertions() -> None:
    """Forget which SAML assertions were used, once their age alone refuses them."""
    forget_expired()
