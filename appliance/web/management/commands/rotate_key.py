"""Seal everything anew with a new secret key."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.web.rotating import NothingToRotate, rotate


class Command(BaseCommand):
    help = "Seal stored credentials anew with PLUMBLINE_SECRET_KEY, from PLUMBLINE_OLD_SECRET_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            try:
                rotated = rotate()
            except NothingToRotate as exc:
                raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"{rotated.sealed_anew} secrets are sealed with the new key, {rotated.present} were already."
        )
        if rotated.unreadable:
            for what in rotated.unreadable:
                self.stderr.write(f"Neither key opens the {what}: enter it again.")
            raise CommandError("Not everything could be sealed anew.")
        self.stdout.write("Restart the services; PLUMBLINE_OLD_SECRET_KEY may go in two weeks.")
