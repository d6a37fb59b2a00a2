"""Say why a file is found or not."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from appliance.common.commandline import sentences
from appliance.sources.explaining import Explanation, answer_why, cleaned
from appliance.sources.operators import known_source_named, scope_for


class Command(BaseCommand):
    help = "Say why a file of a source is found by search, or why not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE")
        parser.add_argument("path", metavar="PATH", help="or a part of one")
        parser.add_argument("--user", metavar="USER", help="as this person; default: everything")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            scope = scope_for(options["user"])
            source = known_source_named(options["source"], options["user"])
            path = cleaned(options["path"])
            found = answer_why(source, path, scope, for_staff=not options["user"])
        if not path or found is None:
            raise CommandError(f"{source.name} has no path like {options['path']!r}.")
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found), cls=DjangoJSONEncoder))
        else:
            self._print(found)

    def _print(self, found: Explanation) -> None:
        self.stdout.write(f"{found.headline} {found.remedy}".rstrip())
        for ref in found.refs:
            self.stdout.write(f"  {ref.ref} @ {ref.commit[:12]}: {ref.state} {ref.why}".rstrip())
        if facts := found.indexed:
            self.stdout.write(
                f"  {facts.lines} lines, {facts.chunks} chunks, {facts.chunks_with_vectors} with "
                f"vectors, role {facts.role} (weight {facts.weight})"
            )
            if facts.note:
                self.stdout.write(f"  {facts.note}")
            self.stdout.write(f"  found by its path with: {' '.join(found.words)}")
        for sentence in (*found.history, *found.notes):
            self.stdout.write(f"  {sentence}")
        for other in found.suggestions:
            self.stdout.write(f"  near: {other}")
