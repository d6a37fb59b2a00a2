"""Bring the database back as it was at a moment."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.identities import read_identities
from appliance.web.backups.logarchive.recovering import recover


class Command(BaseCommand):
    help = "Make a folder from an archive on which PostgreSQL, started, is as it was at a moment."
    requires_system_checks = ()  # the database may be the thing that is lost

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="of manage.py archive")
        parser.add_argument("--into", type=Path, required=True, help="a new folder")
        parser.add_argument("--to", help="such as 2026-03-01T14:05:00+01:00; none: the newest")
        parser.add_argument("--identity", type=Path, help="the file with the key that opens it")

    def handle(self, *args: Any, **options: Any) -> None:
        identity = options["identity"]
        try:
            identities = read_identities(identity) if identity else ()
            made = recover(options["folder"], options["into"], moment(options["to"]), identities)
        except (BackupFailed, OSError) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"{options['into']} holds the copy of {made.base.at:%Y-%m-%d %H:%M:%S} UTC and {made.pieces} "
            f"pieces of the log, up to {made.last_piece}. Start PostgreSQL on it: docs/backup.md."
        )


def moment(text: str | None) -> datetime | None:
    """Return the moment that is meant; without an offset in the time zone of the installation."""
    if text is None:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{text} is no moment: write 2026-03-01T14:05:00+01:00.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)
