"""Put a backup back."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.audit.actions import Action
from appliance.audit.errors import NotRecorded
from appliance.audit.heads import begin_anew
from appliance.audit.recording import Target, record
from appliance.common.commandline import sentences
from appliance.web import walls
from appliance.web.backups.archive import Manifest, opened, read_manifest
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.identities import read_identities
from appliance.web.backups.making import key_fingerprint
from appliance.web.backups.postgres import applied_migrations, put_back
from indexer.models import Source

NOT_SIGNED = (
    "No key of this installation's audit signed this backup: it is of another installation, or was "
    "changed. Put the other one's audit.pub into the folder of keys (docs/audit.md), or, where you "
    "know who wrote it, add --unsigned."
)


class Command(BaseCommand):
    help = "Replace what the database holds by a backup, all or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--identity", type=Path, help="the file with the key that opens it")
        parser.add_argument("--yes", action="store_true", help="replace sources that are there")
        parser.add_argument(
            "--unsigned", action="store_true", help="also what this installation did not sign"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            try:
                manifest = read_manifest(options["file"])
                present = applied_migrations()
                if present and Source.objects.exists() and not options["yes"]:
                    raise CommandError(
                        "This database holds sources, which a restore replaces. Add --yes."
                    )
                if newer := set(manifest.migrations) - set(present or manifest.migrations):
                    raise CommandError(
                        "The backup is of a newer version "
                        f"({', '.join(sorted(newer))}). Update the appliance first."
                    )
                # Anybody can encrypt to a public key: a stranger's backup would bring a stranger's admins.
                if not manifest.is_signed_here and not options["unsigned"]:
                    raise CommandError(NOT_SIGNED)
                identity = options["identity"]
                identities = read_identities(identity) if identity else ()
                with opened(options["file"], manifest, identities) as dumped:
                    put_back(dumped)
                walls.put_up()
            except (BackupFailed, OSError) as exc:
                raise CommandError(str(exc)) from exc
        self.stdout.write(f"Restored the backup of {manifest.made_at}. Now run: manage.py migrate")
        self._record(manifest)
        if manifest.key_fingerprint != key_fingerprint():
            self.stderr.write(
                "The secret key is not the one of that installation: stored credentials of "
                "sources must be entered again, and everybody signs in anew."
            )

    def _record(self, manifest: Manifest) -> None:
        """Record the restore in the record that it brought back; what was newer there is gone."""
        made_at = manifest.made_at
        details = {
            "backup_of": made_at,
            "is_signed_here": manifest.is_signed_here,
            "newest_signed_record_before": begin_anew(),
        }
        try:
            record(Action.RESTORED, target=Target("backup", name=made_at), details=details)
        except NotRecorded:
            self.stderr.write("The restore is not in the audit: the backup is older than that.")
