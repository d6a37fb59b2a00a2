"""Everything that local mode does to the database before the programs start, in one process.

One, because loading the product takes longer than most of these steps. The last line of its
output is JSON, for the start to read.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from appliance.accounts.management.commands.first_admin import GROUP


class Command(BaseCommand):
    help = "Migrate, collect static files, make the first admin, connect the first repository."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--connect", metavar="URL_OR_PATH", default="")
        parser.add_argument("--name", default="", help="the name of the source to connect")

    def handle(self, *args: Any, **options: Any) -> None:
        # Without a backup: what fails is undone, and a laptop has no room for copies of its corpus.
        call_command("upgrade", no_backup=True, stdout=StringIO())
        call_command("collectstatic", interactive=False, verbosity=0)
        password = printed_by("first_admin")
        problem = connect(options["connect"], options["name"]) if options["connect"] else ""
        self.stdout.write(json.dumps({"password": password, "problem": problem}))


def connect(location: str, name: str) -> str:
    """Connect a source that everyone may read; return why it was refused, else nothing."""
    try:
        printed_by("connect", location, "--name", name)
        printed_by("grant", GROUP, name)
    except CommandError as exc:
        return str(exc)
    return ""


def printed_by(command: str, *arguments: str) -> str:
    output = StringIO()
    call_command(command, *arguments, stdout=output)
    return output.getvalue().strip()
