"""Sync a source now."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from appliance.audit.actions import Action
from appliance.common.commandline import sentences, sync_progress
from appliance.sources.operators import source_named
from appliance.sources.recorded import of_source
from indexer.ingestion.inline import sync_now


class Command(BaseCommand):
    help = "Bring one source up to date and say what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["name"])
            of_source(Action.SOURCE_STEERED, source, steered="sync")
            with sync_progress() as on_progress:
                report = sync_now(source, on_progress)
        if options["json"]:
            self.stdout.write(json.dumps(report.to_json()))
            return
        self.stdout.write(
            f"{source.name} is at {report.commit[:12]}: {report.files} files "
            f"({report.files_changed} changed), {report.chunks} chunks "
            f"({report.chunks_embedded} embedded)"
        )
        for reason, count in report.skipped.items():
            self.stdout.write(f"  skipped {count:>6}  {reason}")
