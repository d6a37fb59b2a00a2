"""Sync an LDAP directory now."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db.models import Q

from appliance.accounts.ldap.syncing import sync_directory
from appliance.accounts.models import Directory
from appliance.audit.acting import COMMAND_LINE
from appliance.common.commandline import sentences


class Command(BaseCommand):
    help = "Bring people and groups of one LDAP directory up to date and say what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--go-on", action="store_true", help="also when it shuts out a large part of the people"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            directory = _named(options["name"])
            report = sync_directory(directory, by=COMMAND_LINE, go_on=options["go_on"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report)))
        if report.is_busy:
            raise CommandError(f"A sync of {report.directory} runs already.")
        if report.error:
            raise CommandError(report.error)
        if not options["json"]:
            self.stdout.write(
                f"{report.directory}: {report.people} people, {report.joined} memberships added, "
                f"{report.left} taken, {report.disabled} disabled, {report.enabled} enabled "
                f"({report.seconds:.1f} s)"
            )


def _named(name: str) -> Directory:
    directory = Directory.objects.filter(Q(name=name) | Q(slug=name)).first()
    if directory is None:
        known = ", ".join(Directory.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no directory {name}. Directories: {known}.")
    if directory.kind != Directory.Kind.LDAP:
        raise CommandError(f"{directory.name} is no LDAP directory: it tells by itself.")
    return directory
