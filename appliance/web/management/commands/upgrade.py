"""Bring the tables to this version, after a backup, or leave them as they are."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.web.upgrading.looking import backup_place
from appliance.web.upgrading.running import UpgradeFailed, UpgradeRefused, upgrade


class Command(BaseCommand):
    help = "Back up, then bring the tables to this version in one transaction, or not at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--backup", type=Path, help="the folder for the backup before it")
        parser.add_argument("--no-backup", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        place = None if options["no_backup"] else options["backup"] or backup_place()
        with sentences():
            try:
                done = upgrade(place)
            except (UpgradeRefused, UpgradeFailed) as exc:
                raise CommandError(str(exc)) from exc
        if not done.steps:
            self.stdout.write("The tables are of this version already.")
            return
        kept = f" The backup from before is {done.backup}." if done.backup else ""
        self.stdout.write(f"{len(done.steps)} steps were done in {done.seconds} s.{kept}")
