"""Remove a source."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.managing import remove
from appliance.sources.operators import source_named


class Command(BaseCommand):
    help = "Remove a source with its documents, grants and mirror."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--yes", action="store_true", help="without it nothing is removed")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["name"])
            if not options["yes"]:
                raise CommandError(
                    f"{source.name} would be removed with {source.documents.count()} documents "
                    f"and {source.grants.count()} grants: say so with --yes."
                )
            remove(source)
        self.stdout.write(
            f"{options['name']} was removed; the next upkeep prunes its content, within minutes."
        )
