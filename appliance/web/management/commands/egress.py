"""Look for a way out now; export what the services found, signed; check such an export."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.audit.actions import Action
from appliance.audit.recording import record
from appliance.web.egress.attesting import NotGenuine, export, verify
from appliance.web.egress.looking import look
from inference.egress.__main__ import EXIT_CODES


class Command(BaseCommand):
    help = "Look for a way out of this machine: exit code 0 sealed, 1 open, 2 not known."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["look", "export", "verify"], nargs="?", default="look")
        parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="to verify")
        parser.add_argument("--service", default="command line", help="whose look it is kept as")
        parser.add_argument("--days", type=int, default=90, help="how far back an export goes")
        parser.add_argument("--key", type=Path, help="a public key to verify with")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        match options["what"]:
            case "export":
                record(Action.EGRESS_EXPORTED, details={"days": options["days"]})
                self.stdout.write(json.dumps(export(options["days"]), indent=2))
            case "verify":
                self.verify(options)
            case _:
                self.look(options)

    def look(self, options: dict[str, Any]) -> None:
        report = look(options["service"][:50])
        told = json.dumps(asdict(report), indent=2) if options["json"] else report.sentence
        self.stdout.write(told)
        if code := EXIT_CODES[report.verdict]:
            sys.exit(code)

    def verify(self, options: dict[str, Any]) -> None:
        if options["file"] is None:
            raise CommandError("Name the file to verify: manage.py egress verify FILE")
        try:
            document = json.loads(options["file"].read_text("utf-8"))
            found = verify(document, options["key"])
        except (OSError, ValueError, NotGenuine) as exc:
            raise CommandError(str(exc)) from exc
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found), indent=2))
            return
        self.stdout.write(f"Genuine: {found.runs} looks, made {found.made_at}")
        for service in found.services:
            self.stdout.write(f"  {service}")
        self.stdout.write("All were sealed." if not found.not_sealed else "Not sealed:")
        for one in found.not_sealed:
            self.stdout.write(f"  {one}")
