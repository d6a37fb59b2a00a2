"""Say what works and what does not; the exit code says whether anything is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from appliance.web.checks import Check
from appliance.web.health import check_all

MARKS = {"ok": "ok", "warning": "LOOK", "failed": "WRONG", "off": "off"}


class Command(BaseCommand):
    help = "Check settings, services, models, disk and egress."
    requires_system_checks = ()  # a broken appliance must still be examined

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = check_all()
        if options["json"]:
            self.stdout.write(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
        else:
            for check in checks:
                self.show(check)
        if any(check.state == "failed" for check in checks):
            sys.exit(1)

    def show(self, check: Check) -> None:
        self.stdout.write(f"{MARKS[check.state]:<6} {check.name:<16} {check.detail}")
        if check.state != "ok" and check.next_step:
            self.stdout.write(f"{'':<23} {check.next_step}")
