"""Add a source and sync it."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences, sync_progress
from appliance.sources.managing import NameRefused, connect, remove, request_sync
from appliance.sources.operators import read_credential, shared_credential_named
from indexer.errors import FetchRefused
from indexer.ingestion.inline import sync_now


class Command(BaseCommand):
    help = "Connect a git repository, a bundle, a folder to watch or an archive, and sync it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("location", metavar="URL_OR_PATH")
        parser.add_argument("--name", required=True, help="how pages and citations call it")
        parser.add_argument(
            "--ref",
            action="append",
            default=[],
            metavar="REF",
            help="branch, tag, commit or pattern (release/*, tags/v*) to follow; may be repeated; "
            "search uses the first name by itself (default: its default branch)",
        )
        parser.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="PATTERN",
            help="leave out, as in .gitignore; may be repeated",
        )
        parser.add_argument("--username", default="", help="for https; the token is asked for")
        parser.add_argument(
            "--secret-file",
            metavar="FILE",
            help="file with the token, or with the private key for ssh; - reads standard input",
        )
        parser.add_argument(
            "--credential", metavar="NAME", help="a shared one, in the place of the two above"
        )
        parser.add_argument(
            "--wait", action="store_true", help="show progress; return when fully searchable"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            if options["credential"] and options["secret_file"]:
                raise CommandError("Give --credential or --secret-file, not both.")
            location = options["location"]
            # A path counts from where the command was typed.
            if "://" not in location and Path(location).exists():
                location = os.path.abspath(location)  # noqa: PTH100  links are resolved later
            try:
                source = connect(
                    location,
                    name=options["name"],
                    ref_names=options["ref"],
                    exclude_patterns=options["exclude"],
                    credential=read_credential(options["username"], options["secret_file"]),
                    shared_credential=shared_credential_named(options["credential"]),
                    from_command_line=True,
                )
            except NameRefused as exc:
                raise CommandError(str(exc)) from exc
            if not options["wait"]:
                request_sync(source)
                self.stdout.write(f"Connected {source.name}; a worker is syncing it.")
                return
            try:
                with sync_progress() as on_progress:
                    report = sync_now(source, on_progress)
            except FetchRefused:
                # It never held anything: the same command, corrected, must not find the name taken.
                remove(source)
                raise
            self.stdout.write(
                f"Connected {source.name} at {report.commit[:12]}: {report.files} files, "
                f"{report.chunks} chunks, searchable by words after {report.seconds_lexical:.1f} s"
                + (
                    f", by meaning after {report.seconds_vector:.1f} s."
                    if report.seconds_vector is not None
                    else ". The embedding model does not answer: see 'manage.py doctor'."
                )
            )
