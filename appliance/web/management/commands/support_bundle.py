"""Write a support bundle."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from appliance.audit.actions import Action
from appliance.audit.errors import NotRecorded
from appliance.audit.recording import Target, record
from appliance.web.support.bundle import BundleRefused, write_bundle


class Command(BaseCommand):
    help = "Write what helps others to help, without code, questions or names, into a .zip file."
    requires_system_checks = ()  # also of an appliance that is broken

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--log",
            type=Path,
            action="append",
            default=[],
            help="a further log, such as of journalctl",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            record(
                Action.SUPPORT_BUNDLED, target=Target("support bundle", name=str(options["file"]))
            )
        except (NotRecorded, DatabaseError):
            self.stderr.write("The database does not answer: the bundle is not in the audit.")
        try:
            size = write_bundle(options["file"], options["log"])
        except (BundleRefused, OSError) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"Wrote {options['file']}: {size} bytes. Look through it before you send it."
        )
