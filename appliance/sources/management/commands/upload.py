"""Take a new version of an archive."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.managing import replace_upload
from appliance.sources.operators import source_named
from indexer.fetching.paths import ARCHIVE_ENDINGS
from indexer.models import Source


class Command(BaseCommand):
    help = "Upload a new version of a source that is an archive."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("file", metavar="FILE", help=" or ".join(ARCHIVE_ENDINGS))

    def handle(self, *args: Any, **options: Any) -> None:
        file = Path(options["file"])
        with sentences():
            source = source_named(options["name"])
            if source.kind != Source.Kind.ARCHIVE:
                raise CommandError(f"{source.name} is no archive: it is fetched from its origin.")
            if not file.name.lower().endswith(ARCHIVE_ENDINGS) or not file.is_file():
                raise CommandError(f"{file} is no file that ends in {', '.join(ARCHIVE_ENDINGS)}.")
            try:
                with file.open("rb") as opened:
                    replace_upload(source, opened, file.name)
            except OSError as exc:
                raise CommandError(f"{file}: {exc.strerror}") from exc
        self.stdout.write(f"Uploaded; a worker reads the new version of {source.name}.")
