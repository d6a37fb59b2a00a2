"""Shared credentials without the admin pages."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.credentials import CredentialRefused, add, remove, replace
from appliance.sources.operators import read_credential, shared_credential_named
from indexer.models import SharedCredential


class Command(BaseCommand):
    help = "Store a credential that several sources use, replace its secret, or remove it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--username", default="", help="for https; the default is git")
        parser.add_argument(
            "--secret-file",
            metavar="FILE",
            help="file with the token, or with the private key for ssh; - reads standard input",
        )
        parser.add_argument("--remove", action="store_true", help="forget it, when none uses it")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            try:
                said = self._act(options)
            except CredentialRefused as exc:
                raise CommandError(str(exc)) from exc
        self.stdout.write(said)

    def _act(self, options: dict[str, Any]) -> str:
        name = options["name"]
        if options["remove"]:
            shared = shared_credential_named(name)
            if shared is not None:
                remove(shared)
            return f"{name} was removed."
        credential = read_credential(options["username"], options["secret_file"])
        if credential is None:
            raise CommandError("Name the file with the secret: --secret-file FILE.")
        if shared := SharedCredential.objects.filter(name=name).first():
            replace(shared, credential)
            return f"{name} has a new secret, for {shared.sources.count()} sources."
        add(name, credential)
        return f"{name} is stored."
