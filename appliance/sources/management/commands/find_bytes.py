"""Prove that something is gone."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.traces.everywhere import everywhere
from appliance.sources.traces.places import Trace, Unsearched


class Command(BaseCommand):
    help = "Look for bytes in every place where the appliance stores anything; names the places."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # Required, so that nobody expects the bytes as an argument, which other processes see.
        parser.add_argument(
            "--stdin", action="store_true", required=True, help="read the bytes from there"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = sys.stdin.buffer.read().strip(b"\r\n")
        with sentences():
            try:
                found = list(everywhere(wanted))
            except ValueError as exc:
                raise CommandError("Give at least four bytes to look for.") from exc
        traces = [one for one in found if isinstance(one, Trace)]
        unsearched = [one for one in found if isinstance(one, Unsearched)]
        left = [one.place for one in traces if not one.kept]
        kept = {one.place: one.kept for one in traces if one.kept}
        missed = {one.place: one.reason for one in unsearched}
        if options["json"]:
            self.stdout.write(json.dumps({"found": left, "kept": kept, "unsearched": missed}))
        else:
            self._show(left, kept, missed)
        if left or missed:
            raise CommandError(
                f"Found in {len(left)} places; {len(missed)} places could not be searched."
            )

    def _show(self, left: list[str], kept: dict[str, str], missed: dict[str, str]) -> None:
        for place in left:
            self.stdout.write(f"found       {place}")
        for place, reason in kept.items():
            self.stdout.write(f"kept        {place}: {reason}")
        for place, reason in missed.items():
            self.stdout.write(f"unsearched  {place}: {reason}")
        if not left and not missed:
            self.stdout.write("Found nowhere else." if kept else "Found nowhere.")
