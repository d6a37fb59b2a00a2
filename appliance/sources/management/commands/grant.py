"""Access rules without the admin pages."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date

from appliance.accounts.models import User
from appliance.common.commandline import sentences
from appliance.sources.dryrun import fitting
from appliance.sources.granting import revoke_grant, set_grant
from appliance.sources.models import Grant, end_of
from appliance.sources.operators import source_named, user_named


class Command(BaseCommand):
    help = "Let a group or a person read a source, or paths of it. Nothing is readable without."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("holder", metavar="GROUP", help="with --user the name of a person")
        parser.add_argument("source", metavar="SOURCE")
        parser.add_argument(
            "--path", default="", metavar="PATTERN", help="such as docs/ or src/**/*.py"
        )
        parser.add_argument("--deny", action="store_true", help="forbid instead of allow")
        parser.add_argument("--revoke", action="store_true", help="take the rule away")
        parser.add_argument("--user", action="store_true", help="for one person, not a group")
        parser.add_argument("--until", metavar="DAY", help="the last day, as 2027-03-31")
        parser.add_argument("--reason", default="", metavar="TEXT", help="kept in the history")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["source"])
            if options["revoke"]:
                self._revoke(options["holder"], source.name, options["path"], options["user"])
                return
            self._check(options)
            holder = user_named(options["holder"]) if options["user"] else options["holder"]
            grant = set_grant(
                holder,
                source,
                options["path"],
                allow=not options["deny"],
                expires_at=_end_of(options["until"]),
                reason=options["reason"],
            )
            self.stdout.write(f"{grant}. {fitting(grant).sentence}")

    def _check(self, options: dict[str, Any]) -> None:
        try:
            if not options["user"]:
                Group(name=options["holder"]).clean_fields()
            grant = Grant(path_pattern=options["path"], reason=options["reason"])
            grant.clean_fields(exclude=["group", "user", "source"])
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc

    def _revoke(self, name: str, source_name: str, path_pattern: str, is_person: bool) -> None:
        whose = {"user__username": name} if is_person else {"group__name": name}
        grant = Grant.objects.filter(
            **whose,
            source__name=source_name,
            path_pattern=path_pattern.strip(),
            imported_by=None,
        ).first()
        if grant is None:
            raise CommandError(f"Nothing to revoke from {name!r}: {_reason(name, is_person)}.")
        revoke_grant(grant)
        self.stdout.write(f"Revoked: {grant}.")


def _reason(name: str, is_person: bool) -> str:
    if is_person:
        known = User.objects.filter(username=name).exists()
        return "there is no such rule" if known else "there is nobody of that name"
    known = Group.objects.filter(name=name).exists()
    return "it has no such rule" if known else "there is no such group"


def _end_of(day: str | None) -> datetime | None:
    """Return the moment when a day is over."""
    if day is None:
        return None
    try:
        parsed = parse_date(day)
    except ValueError:
        parsed = None
    if parsed is None or parsed < timezone.localdate():
        raise CommandError(f"--until {day}: write a day to come as 2027-03-31.")
    return end_of(parsed)
