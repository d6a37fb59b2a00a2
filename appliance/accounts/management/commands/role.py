"""Give roles and take them without the pages: the first auditor, or an admin after a mishap."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.accounts.giving import RoleRefused, give_role, take_role
from appliance.accounts.lockout import LockedOut
from appliance.accounts.lookups import find_source, group_named, person_named
from appliance.accounts.models import Role, RoleGrant
from appliance.audit.acting import COMMAND_LINE
from appliance.common.commandline import sentences


class Command(BaseCommand):
    help = "Give somebody a role, or take it. Roles open no content: grants do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="USER")
        parser.add_argument("role", metavar="ROLE", choices=[value for value, _ in RoleGrant.GIVEN])
        parser.add_argument("--source", metavar="NAME", help="of a source admin: which is theirs")
        parser.add_argument("--group", action="store_true", help="USER is the name of a group")
        parser.add_argument("--take", action="store_true", help="take the role instead")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            holder = (group_named if options["group"] else person_named)(options["name"])
            source = find_source(options["source"])
            role, change = Role(options["role"]), take_role if options["take"] else give_role
            try:
                is_changed = change(holder, role, source=source, by=COMMAND_LINE)
            except (RoleRefused, LockedOut) as exc:
                raise CommandError(str(exc)) from exc
        of = f" of {source.name}" if source else ""
        verb = "is no" if options["take"] else "is"
        said = f"{options['name']} {verb} {role.label.lower()}{of}"
        self.stdout.write(f"{said}." if is_changed else f"{said} already.")
