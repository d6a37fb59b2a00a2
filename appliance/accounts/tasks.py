"""Celery's doorways into sign-in: the scheduled sync of directories, and upkeep."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from appliance.accounts import counting, glass, glass_mail, leaving
from appliance.accounts.directories import lapsing
from appliance.accounts.ldap.glancing import glance
from appliance.accounts.ldap.syncing import sync_directory
from appliance.accounts.models import Directory
from appliance.accounts.oidc.renewing import RENEWS, ask_again
from appliance.accounts.saml.responses import forget_expired


@shared_task(ignore_result=True, expires=3600)
def forget_expired_sign_ins() -> None:
    """Forget sessions that ended, counted attempts that are over, and which SAML assertions were used once their age refuses them.

    Each SAML response makes a session of its own, whoever sent it.
    """
    forget_expired()
    counting.forget_expired()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()


def _send_for_each(task: Any, *kinds: str) -> None:
    enabled = Directory.objects.filter(kind__in=kinds, is_enabled=True)
    for pk in enabled.values_list("pk", flat=True):
        task.delay(pk)


@shared_task(ignore_result=True, expires=60)
def sync_directories() -> None:
    """Have each LDAP directory synced, by a task of its own: a slow one holds up no other."""
    _send_for_each(sync_one, Directory.Kind.LDAP)


@shared_task(ignore_result=True, expires=60)
def sync_one(directory_id: int) -> None:
    """Sync one directory, if it is still there and enabled."""
    directory = Directory.objects.filter(pk=directory_id, is_enabled=True).first()
    if directory:
        sync_directory(directory)


@shared_task(ignore_result=True, expires=5)
def glance_at_directories() -> None:
    """Look at who of each directory is at work, by a task of its own as with syncs."""
    _send_for_each(glance_at, Directory.Kind.LDAP, Directory.Kind.OIDC)


@shared_task(ignore_result=True, expires=5)
def glance_at(directory_id: int) -> None:
    """Look at one directory, if it is still there and enabled."""
    directory = Directory.objects.filter(pk=directory_id, is_enabled=True).first()
    if directory and directory.kind == Directory.Kind.LDAP:
        glance(directory)
    elif directory and directory.settings.get(RENEWS):
        ask_again(directory)


@shared_task(ignore_result=True, expires=5)
def end_what_is_over() -> None:
    """Record emergency access whose time is over; end old sign-ins and what disabled accounts hold."""
    glass.close_ended()
    lapsing.lapse_old()
    leaving.end_left()


@shared_task(ignore_result=True, expires=15)
def tell_admins() -> None:
    """Mail every admin about emergency access, where a mail relay is set."""
    glass_mail.tell_admins()
