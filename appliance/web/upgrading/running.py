"""The upgrade: a backup, then every step in one transaction with a look at the outcome, or nothing.

A crash, a full disk or a failed look leaves the database as it was, because PostgreSQL undoes what
was not committed. So the way back is not a script that could fail too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from appliance.audit.actions import Action
from appliance.audit.recording import record
from appliance.web.backups import archive, retention
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.making import key_fingerprint
from appliance.web.backups.postgres import applied_migrations
from appliance.web.models import BackupRun
from appliance.web.upgrading.looking import look_before, pending_migrations

OURS = ("accounts", "audit", "sources", "conversations", "web", "indexer")
LOCK = 0x55504752  # of PostgreSQL's advisory locks: who holds it upgrades
BEGIN = """
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL lock_timeout = '60s';
SELECT pg_advisory_xact_lock(%s);
"""


class UpgradeRefused(Exception):
    """Something is not right before the upgrade; the message says what. Nothing was begun."""


class UpgradeFailed(Exception):
    """The upgrade was undone; the message says why."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: nothing, when the tables were of this version already."""

    steps: tuple[str, ...]
    backup: Path | None
    seconds: float


def upgrade(place: Path | None) -> Upgraded:
    """Bring the tables to this version; with a place, after a backup into that folder."""
    started = time.monotonic()
    steps = tuple(pending_migrations())
    if not steps:
        return Upgraded((), None, 0.0)
    for check in look_before(place or Path.cwd()):
        # Room for a backup matters to who makes one.
        if check.state == "failed" and (place or check.name != "Room"):
            raise UpgradeRefused(f"{check.name}: {check.detail}. {check.next_step}")
    is_new = not applied_migrations()
    backup = _back_up(place) if place and not is_new else None
    try:
        with transaction.atomic():
            _migrate(steps, backup)
    except (DatabaseError, BadOutcome) as exc:
        kept = f" The backup {backup} stays." if backup else ""
        raise UpgradeFailed(
            f"The upgrade was undone, and the database is as before: {exc}.{kept}"
        ) from exc
    return Upgraded(steps, backup, round(time.monotonic() - started, 1))


def _back_up(place: Path) -> Path:
    """Write a backup, without the rows and records of other backups: their tables may be to come."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = place / retention.name_at(timezone.now())
    try:
        archive.write(
            file, recipients=settings.BACKUP_RECIPIENTS, key_fingerprint=key_fingerprint()
        )
    except (BackupFailed, OSError) as exc:
        raise UpgradeRefused(f"No backup could be written, so nothing was begun: {exc}") from exc
    return file


def _migrate(steps: tuple[str, ...], backup: Path | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, [LOCK])
    call_command("migrate", interactive=False, verbosity=0)
    look_after()
    record(Action.UPGRADED, details={"steps": list(steps)})
    if backup:
        encrypted = bool(settings.BACKUP_RECIPIENTS)
        size = backup.stat().st_size
        BackupRun.objects.create(is_done=True, is_encrypted=encrypted, size_bytes=size)


class BadOutcome(Exception):
    """The tables are not as this version needs them."""


def look_after() -> None:
    """Read a row of every table with all its columns, as this version sees them."""
    if left := pending_migrations():
        raise BadOutcome(f"{len(left)} steps are not done")
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            try:
                with transaction.atomic():
                    list(model._default_manager.all()[:1])
            except DatabaseError as exc:
                raise BadOutcome(f"{model.__name__} cannot be read: {exc}") from exc
