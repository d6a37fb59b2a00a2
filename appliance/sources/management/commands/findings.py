"""List what was masked in a source before it was stored."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from appliance.common.commandline import sentences
from appliance.sources.findings import MaskedPlace, masked_in, places_of
from appliance.sources.operators import source_named
from indexer.models import Finding


class Command(BaseCommand):
    help = "List the secrets and invisible characters that were masked in a source: never values."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--kind", choices=Finding.Kind.values, help="only these")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            source = source_named(options["name"])
            places = places_of(source, masked_in(source, kind=options["kind"] or ""))
        if options["json"]:
            told = {"source": source.name, "findings": [asdict(place) for place in places]}
            self.stdout.write(json.dumps(told, cls=DjangoJSONEncoder))
        else:
            self._print(places)

    def _print(self, places: list[MaskedPlace]) -> None:
        for place in places:
            since = f", since {place.since:%Y-%m-%d}" if place.since else ""
            self.stdout.write(f"{place.path}:{place.line}: {place.rule} (in {place.ref}{since})")
        if not places:
            self.stdout.write("Nothing was masked.")
