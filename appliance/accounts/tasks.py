"""Celery's doorway into the upkeep of sign-in."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from appliance.accounts.saml.responses import forget_expired


@shared_task(ignore_result=True, expires=3600)
def forget_expired_sign_ins() -> None:
    """Forget sessions that ended, and which SAML assertions were used once their age refuses them.

    Each SAML response makes a session of its own, whoever sent it.
    """
    forget_expired()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
