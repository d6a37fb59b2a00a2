"""Write a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Target, record
from appliance.common.commandline import sentences
from appliance.web.backups import BackupFailed, backup


class Command(BaseCommand):
    help = "Write everything that must last into a new folder. Keep the secret key elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            target = Target("backup", name=str(options["folder"]))
            record(Action.BACKED_UP, target=target)  # first: the backup holds its own record
            try:
                manifest = backup(options["folder"])
            except (BackupFailed, OSError) as exc:
                record(Action.BACKED_UP, target=target, outcome=Outcome.FAILED)
                raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"Wrote {options['folder']}: {manifest.size_bytes} bytes, sha256 {manifest.sha256}. "
            "To use it elsewhere you also need the secret key of this installation."
        )
