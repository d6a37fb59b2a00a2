"""Look at a person, lock them out or let them in, without the pages."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.accounts import leaving
from appliance.accounts.lockout import LockedOut
from appliance.accounts.lookups import person_named
from appliance.accounts.models import User
from appliance.accounts.overview import roles_held
from appliance.accounts.sessions import sessions_of
from appliance.accounts.tokens import active_tokens_of
from appliance.audit.acting import COMMAND_LINE
from appliance.common.commandline import sentences


class Command(BaseCommand):
    help = "Show a person's roles, groups, sessions and tokens; with an option disable or enable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="USER")
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--disable", action="store_true", help="lock out everywhere, at once")
        change.add_argument("--enable", action="store_true", help="let in again")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            user = person_named(options["name"])
            try:
                if options["disable"]:
                    leaving.disable(user, by=COMMAND_LINE)
                if options["enable"]:
                    leaving.enable(user, by=COMMAND_LINE)
            except LockedOut as exc:
                raise CommandError(str(exc)) from exc
            facts = _facts_of(user)
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            shown = ", ".join(value) if isinstance(value, list) else value
            self.stdout.write(f"{name:<9} {shown or '-'}")


def _facts_of(user: User) -> dict[str, object]:
    return {
        "user": user.get_username(),
        "active": "yes" if user.is_active else "no",
        "roles": [
            held.role + (f" of {held.source}" if held.source else "") for held in roles_held(user)
        ],
        "groups": list(user.groups.order_by("name").values_list("name", flat=True)),
        "sessions": len(sessions_of(user)),
        "tokens": active_tokens_of(user).count(),
    }
