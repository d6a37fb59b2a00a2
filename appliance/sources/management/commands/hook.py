"""The address and secret with which a git host tells of pushes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.urls import reverse

from appliance.sources import credentials, managing
from appliance.sources.operators import source_named
from indexer.models import SharedCredential


class Command(BaseCommand):
    help = (
        "Print the path for notices of pushes to a source, or to all sources that use a shared "
        "credential, and make its secret."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", nargs="?", help="of a source")
        parser.add_argument("--credential", metavar="NAME", help="of a shared credential")
        parser.add_argument("--renew", action="store_true", help="make a new secret, printed once")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["name"]) == bool(options["credential"]):
            raise CommandError("Name a source, or with --credential a shared credential.")
        told = _of_source(**options) if options["name"] else _of_credential(**options)
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"Address: https://THIS-APPLIANCE{told['path']}")
        if "secret" in told:
            self.stdout.write(f"Secret:  {told['secret']}  (not shown again)")
        elif not told["has_secret"]:
            self.stdout.write("No secret yet: all notices are refused. Make one with --renew.")


def _of_source(*, name: str, renew: bool, **_: Any) -> dict[str, object]:
    source = source_named(name)
    path = reverse("hook", args=[source.hook_id])
    if renew:
        return {"path": path, "has_secret": True, "secret": managing.renew_hook_secret(source)}
    return {"path": path, "has_secret": bool(source.hook_secret)}


def _of_credential(*, credential: str, renew: bool, **_: Any) -> dict[str, object]:
    shared = SharedCredential.objects.filter(name=credential).first()
    if shared is None:
        raise CommandError(f"There is no shared credential called {credential}.")
    path = reverse("shared_hook", args=[shared.pk])
    if renew:
        return {"path": path, "has_secret": True, "secret": credentials.renew_hook_secret(shared)}
    return {"path": path, "has_secret": bool(shared.hook_secret)}
