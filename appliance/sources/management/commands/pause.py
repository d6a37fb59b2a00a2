"""Pause a source."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from appliance.common.commandline import sentences
from appliance.sources.managing import pause
from appliance.sources.operators import source_named


class Command(BaseCommand):
    help = "Pause a source."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["name"])
            pause(source)
        self.stdout.write(f"{source.name} is paused; what is live stays searchable.")
