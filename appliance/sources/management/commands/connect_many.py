"""Connect the sources of a list."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.bulk import ListRefused, Planned, connect_all, plan, read_list
from appliance.sources.operators import shared_credential_named

WORDS = {"connect": "new", "known": "known", "refused": "refused"}


class Command(BaseCommand):
    help = "Connect every source of a list: one address a line, or CSV with a header."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="lines of 'URL [NAME] [REF]...', or CSV with the header "
            "url,name,refs; - reads standard input"
        )  # fmt: skip
        parser.add_argument("--credential", metavar="NAME", help="a shared one, for all of them")
        parser.add_argument("--grant", metavar="GROUP", help="that may read all of them")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would happen to each line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            try:
                lines = read_list(_text_of(options["file"]))
            except ListRefused as exc:
                raise CommandError(str(exc)) from exc
            shared = shared_credential_named(options["credential"])
            planned = plan(lines, from_command_line=True)
            if options["dry_run"]:
                self._show(planned)
                return
            readers = _group_named(options["grant"])
            results = connect_all(
                planned, shared_credential=shared, from_command_line=True, readers=readers
            )
        for result in results:
            word = "connected" if result.is_connected else "left out"
            self.stdout.write(
                f"{word:<9}  {result.line.location}  {result.name}  {result.reason}".rstrip()
            )
        connected = sum(result.is_connected for result in results)
        refused = sum(one.outcome != "known" for one in planned) - connected
        known = len(results) - connected - refused
        self.stdout.write(f"{connected} connected, {known} were already, {refused} refused.")
        if refused:
            raise CommandError(f"{refused} of {len(results)} lines were refused; see above.")

    def _show(self, planned: list[Planned]) -> None:
        for one in planned:
            self.stdout.write(
                f"{WORDS[one.outcome]:<9}  {one.line.location}  {one.name}  {one.reason}".rstrip()
            )


def _group_named(name: str | None) -> Group | None:
    """Return the group, which is made when it is new, as `grant` does."""
    return Group.objects.get_or_create(name=name)[0] if name else None


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
    except OSError as exc:
        raise CommandError(f"{file}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise CommandError(f"{file}: not a text file.") from exc
