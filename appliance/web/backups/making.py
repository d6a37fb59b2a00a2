"""One backup from beginning to end: written, verified, recorded; old ones removed after that."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Target, record
from appliance.web.backups import archive, retention
from appliance.web.backups.errors import BackupFailed, explained
from appliance.web.models import BackupRun

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that lies there, whole, and the older ones that it made room of."""

    file: Path
    manifest: archive.Manifest
    removed: tuple[Path, ...]


def back_up(place: Path) -> Made:
    """Write a backup into a folder, or into the file that ends in .backup. Raises BackupFailed."""
    is_file = place.suffix == archive.SUFFIX
    folder = place.parent if is_file else place
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = place if is_file else place / retention.name_at(timezone.now())
    target = Target("backup", name=str(file))
    record(Action.BACKED_UP, target=target)  # first: the backup holds its own record
    started = time.monotonic()
    try:
        manifest = archive.write(
            file, recipients=settings.BACKUP_RECIPIENTS, key_fingerprint=key_fingerprint()
        )
    except (BackupFailed, OSError) as exc:
        with transaction.atomic():
            record(Action.BACKED_UP, target=target, outcome=Outcome.FAILED)
            BackupRun.objects.create(is_done=False, error=explained(exc, folder)[:500])
        raise BackupFailed(explained(exc, folder)) from exc
    BackupRun.objects.create(
        is_done=True,
        size_bytes=file.stat().st_size,
        is_encrypted=bool(manifest.recipients),
        seconds=round(time.monotonic() - started, 1),
    )
    removed = (
        ()
        if is_file
        else tuple(
            retention.prune(
                folder, daily=settings.BACKUP_KEEP_DAILY, weekly=settings.BACKUP_KEEP_WEEKLY
            )
        )
    )
    logger.info(
        "backup size=%s seconds=%.1f removed=%s",
        file.stat().st_size,
        time.monotonic() - started,
        len(removed),
    )
    return Made(file, manifest, removed)


def key_fingerprint() -> str:
    digest = hashlib.sha256(b"plumbline backup\0" + settings.SECRET_KEY.encode())
    return digest.hexdigest()[:16]
