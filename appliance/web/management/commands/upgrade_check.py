"""Say whether the tables can be brought to this version."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from appliance.common.commandline import sentences
from appliance.web.management.commands.doctor import MARKS
from appliance.web.upgrading.looking import backup_place, look_before


class Command(BaseCommand):
    help = "Look what an upgrade of the tables would do, and whether anything is in its way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--backup", type=Path, help="the folder for the backup before it")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            checks = look_before(options["backup"] or backup_place())
        if options["json"]:
            self.stdout.write(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
        for check in () if options["json"] else checks:
            self.stdout.write(f"{MARKS[check.state]:<6} {check.name:<12} {check.detail}")
            if check.state != "ok":
                self.stdout.write(f"{'':<19} {check.next_step}")
        if any(check.state == "failed" for check in checks):
            sys.exit(1)
