"""Make the first admin and the group of everyone, once: after that there is someone to sign in."""

from __future__ import annotations

import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction

from appliance.accounts.models import User
from appliance.accounts.targets import of_person
from appliance.audit.actions import Action
from appliance.audit.recording import record

USERNAME = "admin"
GROUP = "everyone"


class Command(BaseCommand):
    help = "Make the user admin with a password in a file, and the group everyone. Idempotent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = settings.PLUMBLINE_HOME / "admin-password"
        parser.add_argument("--password-file", type=Path, default=default)

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(username=USERNAME).exists():
            return
        password = secrets.token_urlsafe(15)
        # The file first: a user whose password nobody knows would need a second command.
        write_private(options["password_file"], f"{password}\n")
        with transaction.atomic():
            admin = User.objects.create_superuser(USERNAME, password=password)
            group, _ = Group.objects.get_or_create(name=GROUP)
            admin.groups.add(group)
            details = {"role": "admin", "group": GROUP}
            record(Action.PERSON_CREATED, target=of_person(admin), details=details)
        self.stdout.write(password)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
