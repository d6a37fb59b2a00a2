"""Write a backup, check one, or make the key that opens them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.web.backups import archive
from appliance.web.backups.errors import BackupFailed, explained
from appliance.web.backups.identities import make_identity, read_identities
from appliance.web.backups.making import back_up


class Command(BaseCommand):
    help = "Write everything that must last into one file. Keep the secret key elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "place", metavar="DIR", type=Path, help="a folder, or a file that ends in .backup"
        )
        parser.add_argument(
            "--verify", action="store_true", help="check the file DIR, write nothing"
        )
        parser.add_argument(
            "--identity", type=Path, help="with --verify: also decrypt it with this key"
        )
        parser.add_argument(
            "--new-key", action="store_true", help="write a key that opens backups to DIR"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        place: Path = options["place"]
        try:
            if options["new_key"]:
                self.say_key(place, make_identity(place))
            elif options["verify"]:
                self.verify(place, options["identity"])
            else:
                self.write(place)
        except (BackupFailed, OSError) as exc:
            raise CommandError(explained(exc, place if place.is_dir() else place.parent)) from exc

    def write(self, place: Path) -> None:
        with sentences():
            made = back_up(place)
        how = "encrypted" if made.manifest.recipients else "NOT encrypted (docs/backup.md)"
        self.stdout.write(
            f"Wrote {made.file}: {made.file.stat().st_size} bytes, {how}, read back and whole. "
            "To use it elsewhere you also need the secret key of this installation."
        )
        for gone in made.removed:
            self.stdout.write(f"Removed {gone}, which need not stay.")

    def verify(self, file: Path, identity: Path | None) -> None:
        manifest = archive.verify(file)
        if identity is not None:
            with archive.opened(file, manifest, read_identities(identity)):
                self.stdout.write("Decrypted, and pg_restore can read it.")
        signed = (
            "signed by this installation"
            if manifest.is_signed_here
            else "of another installation, or changed"
        )
        self.stdout.write(
            f"{file} is whole: made {manifest.made_at}, {manifest.size_bytes} bytes of database, {signed}."
        )

    def say_key(self, file: Path, public: str) -> None:
        if str(file) == "-":  # the key alone is on standard output: it never lies on this machine
            self.stderr.write(f"PLUMBLINE_BACKUP_RECIPIENTS={public}")
            return
        self.stdout.write(
            f"Wrote the secret key to {file}. Move it away from this machine: without it no backup "
            f"can be read, and with it every one.\nPLUMBLINE_BACKUP_RECIPIENTS={public}"
        )
