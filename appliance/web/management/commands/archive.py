"""Keep the database's log, and copies of the whole, so that any moment can be brought back."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.logarchive import places
from appliance.web.backups.logarchive.archiving import Archive, copy_base, keep, prepare


class Command(BaseCommand):
    help = "Keep the database's log in a folder until it is stopped; copy the whole now and then."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="best of another machine")
        parser.add_argument("--base", action="store_true", help="copy the whole, and end")
        parser.add_argument("--base-days", type=float, default=7, help="the newest copy's age")
        parser.add_argument("--seconds", type=float, help="end after these")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REPLICATION_URL:
            raise CommandError("Set PLUMBLINE_REPLICATION_URL first: docs/backup.md.")
        archive = Archive(
            settings.REPLICATION_URL,
            settings.PLUMBLINE_HOME / "log-archive",
            options["folder"],
            tuple(settings.BACKUP_RECIPIENTS),
        )
        try:
            prepare(archive)
            if options["base"] or self._is_base_due(archive, timedelta(days=options["base_days"])):
                base = copy_base(archive)
                self.stdout.write(f"Copied the whole database: {base.file}")
            if not options["base"]:
                self._keep(archive, options["seconds"])
        except (BackupFailed, OSError) as exc:
            raise CommandError(str(exc)) from exc

    def _keep(self, archive: Archive, seconds: float | None) -> None:
        day_s = timedelta(days=1).total_seconds()
        kept = keep(archive, seconds or day_s)  # systemd starts it anew, and looks for the base
        self.stdout.write(f"Kept {kept} pieces of the log in {archive.folder}")

    def _is_base_due(self, archive: Archive, age: timedelta) -> bool:
        bases = places.bases_in(archive.folder)
        return not bases or datetime.now(UTC) - bases[-1].at > age
