"""API tokens without the pages: for people who only use programs, and after a leak."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.accounts.lookups import find_source, person_named
from appliance.accounts.models import ApiToken, TokenRight, User
from appliance.accounts.tokens import TokenNotMade, create_token, revoke_all, revoke_token
from appliance.audit.acting import COMMAND_LINE
from appliance.common.commandline import sentences


class Command(BaseCommand):
    help = "List, make or revoke the API tokens of a person. A new one is printed this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="USER")
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--make", metavar="PURPOSE", help="make one; prints its text")
        change.add_argument("--revoke", metavar="PREFIX", help="revoke the one of this prefix")
        change.add_argument("--revoke-all", action="store_true")
        parser.add_argument(
            "--right", action="append", default=[], choices=TokenRight.values, help="default: read"
        )
        parser.add_argument("--source", action="append", default=[], metavar="NAME")
        parser.add_argument("--days", type=int, metavar="N")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            user = person_named(options["name"])
            if options["make"]:
                self._make(user, options)
            elif options["revoke"]:
                self._revoke(user, options["revoke"])
            elif options["revoke_all"]:
                self.stdout.write(f"Revoked: {revoke_all(user, by=COMMAND_LINE)}.")
            else:
                self._list(user, as_json=options["json"])

    def _make(self, user: User, options: dict[str, Any]) -> None:
        found = [find_source(name) for name in options["source"]]
        try:
            made = create_token(
                user,
                name=options["make"][:100],
                rights=map(TokenRight, options["right"] or [TokenRight.READ]),
                days=options["days"],
                sources=[source for source in found if source] or None,
                by=COMMAND_LINE,
            )
        except TokenNotMade as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(made.text)

    def _revoke(self, user: User, prefix: str) -> None:
        token = user.api_tokens.filter(prefix=prefix, revoked_at=None).first()
        if token is None:
            raise CommandError(f"{user} has no token {prefix!r} that is not revoked.")
        revoke_token(token, by=COMMAND_LINE)
        self.stdout.write(f"Revoked: {prefix}.")

    def _list(self, user: User, *, as_json: bool) -> None:
        tokens = [_facts_of(token) for token in user.api_tokens.all()]
        if as_json:
            self.stdout.write(json.dumps({"tokens": tokens}))
            return
        for token in tokens:
            self.stdout.write("  ".join(str(value) for value in token.values()))


def _facts_of(token: ApiToken) -> dict[str, object]:
    return {
        "prefix": token.prefix,
        "name": token.name,
        "rights": ",".join(token.rights),
        "state": token.state,
        "expires_at": token.expires_at.isoformat(timespec="seconds"),
        "last_used_at": token.last_used_at.isoformat() if token.last_used_at else None,
    }
