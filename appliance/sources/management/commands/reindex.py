"""Read every file of a source again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from appliance.common.commandline import sentences
from appliance.sources.managing import reindex
from appliance.sources.operators import source_named


class Command(BaseCommand):
    help = "Read every file of a source again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["name"])
            reindex(source)
        self.stdout.write(f"{source.name} will be read again; a sync is queued.")
