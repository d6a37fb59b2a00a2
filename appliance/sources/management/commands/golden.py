"""Golden sets: questions with known answers that runs ask."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Count, Q

from appliance.common.commandline import sentences
from appliance.sources.evaluating import decide, record_set
from indexer.evaluation.sets import import_set, refresh_history
from indexer.models import GoldenEntry, GoldenSet, Source


class Command(BaseCommand):
    help = "Show, import, export and delete golden sets; accept what people proposed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        actions.add_parser("list", help="the sets and what waits for acceptance (default)")
        actions.add_parser("refresh", help="let the newest commits of every source ask")
        imported = actions.add_parser("import", help="make or replace a set from JSON lines")
        imported.add_argument("name")
        imported.add_argument("file", type=Path)
        export = actions.add_parser("export", help="write a set as JSON lines")
        export.add_argument("name")
        export.add_argument("file", type=Path)
        accept = actions.add_parser("accept", help="use a proposed question")
        accept.add_argument("number", type=int)
        delete = actions.add_parser("delete", help="delete a set, or one question by its number")
        delete.add_argument("which", metavar="NAME|NUMBER")

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"] or "list"
        with sentences():
            getattr(self, f"_{action}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        accepted = Count("entries", filter=Q(entries__state=GoldenEntry.State.ACCEPTED))
        for one in GoldenSet.objects.annotate(questions=accepted):
            self.stdout.write(f"{one.name}: {one.questions} questions, {one.get_kind_display()}")
        for entry in GoldenEntry.objects.filter(state=GoldenEntry.State.PROPOSED):
            places = ", ".join(one["path"] for one in entry.gold)
            self.stdout.write(
                f"proposed {entry.pk} by {entry.proposed_by}: {entry.query} -> {places}"
            )

    def _refresh(self, options: dict[str, Any]) -> None:
        refresh_history(Source.objects.all())
        self._list(options)

    def _import(self, options: dict[str, Any]) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as exc:
            raise CommandError(f"{options['file']}: {exc.strerror}") from exc
        with transaction.atomic():
            golden_set = import_set(options["name"], content)
            record_set(golden_set, "imported")
        self.stdout.write(f"{golden_set.name}: {golden_set.entries.count()} questions")

    def _export(self, options: dict[str, Any]) -> None:
        golden_set = self._set(options["name"])
        lines = [
            json.dumps(
                {
                    "id": entry.key,
                    "query": entry.query,
                    **({"source": entry.source.name} if entry.source else {}),
                    "gold": entry.gold,
                }
            )
            for entry in golden_set.entries.filter(state="accepted").select_related("source")
        ]
        try:
            options["file"].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError as exc:
            raise CommandError(f"{options['file']}: {exc.strerror}") from exc
        self.stdout.write(f"Written: {len(lines)} questions")

    def _accept(self, options: dict[str, Any]) -> None:
        proposed = GoldenEntry.objects.filter(pk=options["number"], state="proposed").first()
        if proposed is None:
            raise CommandError(f"There is no proposed question {options['number']}.")
        with transaction.atomic():
            decide(proposed, is_accepted=True)
        self.stdout.write("It is asked from the next run on.")

    def _delete(self, options: dict[str, Any]) -> None:
        with transaction.atomic():
            self._delete_one(options["which"])
        self.stdout.write("Deleted, with what was measured of it.")

    def _delete_one(self, which: str) -> None:
        if which.isdecimal() and not GoldenSet.objects.filter(name=which).exists():
            entry = GoldenEntry.objects.filter(pk=which).first()
            if entry is None:
                raise CommandError(f"There is no question {which}.")
            decide(entry, is_accepted=False)
            return
        golden_set = self._set(which)
        record_set(golden_set, "deleted")
        golden_set.delete()

    def _set(self, name: str) -> GoldenSet:
        golden_set = GoldenSet.objects.filter(name=name).first()
        if golden_set is None:
            raise CommandError(f"There is no set called {name!r}; see: manage.py golden list")
        return golden_set
