"""The address and secret with which a git host tells of pushes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from appliance.sources.managing import renew_hook_secret
from appliance.sources.operators import source_named


class Command(BaseCommand):
    help = "Print the path for notices of pushes to a source, and make its secret."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--renew", action="store_true", help="make a new secret, printed once")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        source = source_named(options["name"])
        told: dict[str, object] = {
            "path": f"/hooks/{source.hook_id}/",
            "has_secret": bool(source.hook_secret),
        }
        if options["renew"]:
            told |= {"secret": renew_hook_secret(source), "has_secret": True}
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"Address: https://THIS-APPLIANCE{told['path']}")
        if "secret" in told:
            self.stdout.write(f"Secret:  {told['secret']}  (not shown again)")
        elif not told["has_secret"]:
            self.stdout.write("No secret yet: all notices are refused. Make one with --renew.")
