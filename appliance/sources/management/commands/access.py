"""The dry run without the pages: what somebody would see, and who may read a file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources import dryrun
from appliance.sources.operators import source_named, user_named


class Command(BaseCommand):
    help = "Say what a person may read and by which rule, or with --who who may read a path."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", metavar="USER", help="whose eyes")
        parser.add_argument("--source", metavar="SOURCE")
        parser.add_argument("--path", metavar="PATH", help="one file of the source")
        parser.add_argument("--who", action="store_true", help="everyone who may read the path")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            lines = self._lines(options)
        if options["json"]:
            self.stdout.write(json.dumps(lines))
            return
        for line in lines:
            self.stdout.write("  ".join(str(value) for value in line.values()))
        if not lines:
            self.stdout.write("Nobody." if options["who"] else "Nothing.")

    def _lines(self, options: dict[str, Any]) -> list[dict[str, object]]:
        name, path = options["source"], options["path"]
        if options["who"]:
            if name is None or path is None:
                raise CommandError("--who needs --source and --path.")
            readers = dryrun.readers_of(source_named(name), path)
            return [{"person": one.user.username, "rule": str(one.grant)} for one in readers]
        if options["user"] is None:
            raise CommandError("Name a person with --user, or ask --who may read a path.")
        if path is not None and name is None:
            raise CommandError("--path needs --source.")
        return _seen(options["user"], name, path)


def _seen(username: str, name: str | None, path: str | None) -> list[dict[str, object]]:
    person = user_named(username)
    if name is None:
        sources = dryrun.sources_seen_by(person, dryrun.sources_for(person))
        return [
            {"source": one.source.name, "readable": one.readable, "files": one.total}
            for one in sources
        ]
    source = source_named(name)
    rules = dryrun.rules_of(person, source)
    if path is not None:
        return [_line(path, rules.decide(source.pk, path))]
    return [_line(one.path, one.decision) for one in dryrun.paths_seen_by(rules, source)]


def _line(path: str, decision: dryrun.Decision) -> dict[str, object]:
    return {
        "readable": "yes" if decision.allowed else "no",
        "path": path,
        "by": decision.sentence,
    }
