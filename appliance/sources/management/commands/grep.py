"""Search code as git grep does, in all sources at once, with a certificate."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.grounds import operator_grounds
from appliance.sources.operators import scope_for
from appliance.sources.reading import record_code_search
from indexer.codesearch.certificate import Certificate
from indexer.codesearch.query import read_query
from indexer.codesearch.search import MATCHES, SECONDS, search_code

NOTHING_FOUND = 1
WRONG = 2


class Command(BaseCommand):
    help = "Search code by an exact text or a regular expression. Exit code as grep's: 0, 1, 2."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("query", metavar="QUERY", help="a text or /regex/, with filters")
        parser.add_argument("-E", "--regex", action="store_true", help="QUERY holds a regex")
        parser.add_argument("--user", metavar="USER", help="as this person; default: everything")
        parser.add_argument("--limit", type=int, default=MATCHES, metavar="N", help="lines")
        parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with sentences():
                result = search_code(
                    read_query(options["query"], is_regex=options["regex"]),
                    scope=scope_for(options["user"]),
                    seconds=options["seconds"],
                    max_lines=max(1, options["limit"]),
                )
                record_code_search(options["query"], result, operator_grounds())
        except CommandError as exc:
            raise CommandError(str(exc), returncode=WRONG) from exc
        if options["json"]:
            self.stdout.write(json.dumps(result.to_json()))
        else:
            for file in result.files:
                for line in file.lines:
                    self.stdout.write(f"{file.source}:{file.path}:{line.line}:{line.text}")
            self._certify(result.certificate)
        if not result.files:
            sys.exit(NOTHING_FOUND)

    def _certify(self, certificate: Certificate) -> None:
        """Say on standard error what was searched: a pipe gets the lines alone."""
        self.stderr.write(
            f"{certificate.files_searched} files searched in {len(certificate.refs)} refs, "
            f"{certificate.skipped_files} skipped, {certificate.masked_files} with masked secrets; "
            f"{certificate.files_read} read, {certificate.seconds:.2f} s."
        )
        for ref in certificate.refs:
            self.stderr.write(f"  {ref.source} {ref.ref} {ref.commit} {ref.files} files")
        if not certificate.is_complete:
            self.stderr.write(f"Not complete: stopped by the {certificate.stopped} limit.")
        self.stderr.write(f"Replay: manage.py grep {_quoted(certificate.query)}")


def _quoted(query: str) -> str:
    return "'" + query.replace("'", "'\\''") + "'"
