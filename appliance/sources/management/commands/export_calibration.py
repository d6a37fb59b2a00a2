"""Write excerpts of the company's own code for the calibration of a quantized model."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.access import operator_scope
from appliance.sources.calibrating import export_texts
from appliance.sources.operators import check_sources

SAMPLES = 512


class Command(BaseCommand):
    help = "Write excerpts of live code, masked, for `python -m inference.quantization calibrate --own`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", metavar="FILE", required=True, type=Path)
        parser.add_argument("--source", metavar="NAME", action="append", default=[])
        parser.add_argument("--samples", metavar="N", type=int, default=SAMPLES)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["samples"] < 1:
            raise CommandError("--samples must be at least 1.")
        with sentences():
            scope = operator_scope()
            check_sources(options["source"], scope)
            count = export_texts(
                options["out"], scope, names=options["source"], samples=options["samples"]
            )
        if not count:
            raise CommandError(f"There is no code yet: {options['out']} is empty.")
        self.stdout.write(
            f"{options['out']}: {count} excerpts, readable by you alone. They are your code: keep the "
            "file on your machines, and remove it after the quantization."
        )
