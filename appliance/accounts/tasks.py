"""Celery's doorway to the scheduled sync of directories."""

from __future__ import annotations

from celery import shared_task

from appliance.accounts.ldap.syncing import sync_directory
from appliance.accounts.models import Directory


@shared_task(ignore_result=True, expires=60)
def sync_directories() -> None:
    """Have each LDAP directory synced, by a task of its own: a slow one holds up no other."""
    enabled = Directory.objects.filter(kind=Directory.Kind.LDAP, is_enabled=True)
    for pk in enabled.values_list("pk", flat=True):
        sync_one.delay(pk)


@shared_task(ignore_result=True, expires=60)
def sync_one(directory_id: int) -> None:
    """Sync one directory, if it is still there and enabled."""
    directory = Directory.objects.filter(pk=directory_id, is_enabled=True).first()
    if directory:
        sync_directory(directory)
