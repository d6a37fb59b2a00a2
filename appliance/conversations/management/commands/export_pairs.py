"""Write training pairs of an adapter from sources' commits and curated answers."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.conversations.lessons.exporting import export_pairs
from appliance.sources.operators import source_named

NEWEST = 2000


class Command(BaseCommand):
    help = "Write commits and curated answers, masked, for `python -m inference.adapting train`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", metavar="FILE", required=True, type=Path)
        parser.add_argument("--source", metavar="NAME", action="append", required=True)
        parser.add_argument("--newest", metavar="N", type=int, default=NEWEST, help="commits")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["newest"] < 1:
            raise CommandError("--newest must be at least 1.")
        with sentences():
            sources = [source_named(name) for name in dict.fromkeys(options["source"])]
            if hidden := [source.name for source in sources if source.hidden_at]:
                raise CommandError(f"{', '.join(hidden)}: hidden, since its host refuses it.")
            counts = export_pairs(options["out"], sources, newest=options["newest"])
        if not counts:
            raise CommandError(f"There is nothing to learn from yet: {options['out']} is empty.")
        told = ", ".join(f"{count} of kind {kind}" for kind, count in sorted(counts.items()))
        self.stdout.write(
            f"{options['out']}: {told}; readable by you alone. They are your code: keep the file on "
            "your machines, and remove it after the training. Whoever is answered by the adapter must be "
            "allowed to read all of these sources."
        )
