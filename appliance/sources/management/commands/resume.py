"""Resume a paused source."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from appliance.common.commandline import sentences
from appliance.sources.managing import resume
from appliance.sources.operators import source_named


class Command(BaseCommand):
    help = "Resume a paused source."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["name"])
            resume(source)
        self.stdout.write(f"{source.name} goes on; a sync is queued.")
