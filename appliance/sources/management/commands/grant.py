"""Access rules without the admin pages."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.managing import revoke_grant, set_grant
from appliance.sources.models import Grant
from appliance.sources.operators import source_named


class Command(BaseCommand):
    help = "Let a group read a source, or paths of it. Nothing is readable without a rule."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", metavar="GROUP")
        parser.add_argument("source", metavar="SOURCE")
        parser.add_argument(
            "--path", default="", metavar="PATTERN", help="such as docs/ or src/**/*.py"
        )
        parser.add_argument("--deny", action="store_true", help="forbid instead of allow")
        parser.add_argument("--revoke", action="store_true", help="take the rule away")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["source"])
            if options["revoke"]:
                self._revoke(options["group"], source.name, options["path"])
                return
            self._check(options["group"], options["path"])
            grant = set_grant(options["group"], source, options["path"], allow=not options["deny"])
            self.stdout.write(f"{grant}.")

    def _check(self, group_name: str, path_pattern: str) -> None:
        try:
            Group(name=group_name).clean_fields()
            Grant(path_pattern=path_pattern).clean_fields(exclude=["group", "source"])
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc

    def _revoke(self, group_name: str, source_name: str, path_pattern: str) -> None:
        grant = Grant.objects.filter(
            group__name=group_name, source__name=source_name, path_pattern=path_pattern.strip()
        ).first()
        if grant is None:
            known = Group.objects.filter(name=group_name).exists()
            reason = "it has no such rule" if known else "there is no such group"
            raise CommandError(f"Nothing to revoke from {group_name!r}: {reason}.")
        revoke_grant(grant)
        self.stdout.write(f"Revoked: {grant}.")
