"""Search the corpus."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from appliance.common.commandline import sentences
from appliance.sources.grounds import operator_grounds
from appliance.sources.operators import check_ref_name, check_sources, scope_for
from appliance.sources.reading import record_hits
from indexer.retrieval.search import search


class Command(BaseCommand):
    help = "Search code and documents by words, paths and meaning."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", metavar="TEXT")
        parser.add_argument("--source", action="append", default=[], metavar="NAME")
        parser.add_argument("--ref", action="append", default=[], metavar="REF", help="as of this")
        parser.add_argument("--user", metavar="USER", help="as this person; default: everything")
        parser.add_argument("--limit", type=int, default=20, metavar="N")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            scope = scope_for(options["user"])
            check_sources(options["source"], scope)
            for ref in options["ref"]:
                check_ref_name(ref, options["source"], scope)
            result = search(
                options["text"],
                scope=scope,
                source_names=options["source"],
                refs=options["ref"],
                limit=max(1, options["limit"]),
            )
            record_hits(options["text"], result.hits, operator_grounds(), options["user"] or "")
        if options["json"]:
            self.stdout.write(json.dumps({"hits": [hit.to_json() for hit in result.hits]}))
            return
        if not result.hits:
            self.stdout.write("Nothing found.")
        for hit in result.hits:
            place = f"{hit.source}@{hit.commit[:12]}:{hit.path}#{hit.span}"
            self.stdout.write(f"{hit.score:.3f}  {place}  {hit.symbol}".rstrip())
