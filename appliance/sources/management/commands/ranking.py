"""How search results are ordered: show, learn, choose, roll back."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from appliance.audit.acting import COMMAND_LINE
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.common.commandline import sentences
from appliance.sources.operators import check_sources, scope_for
from indexer.evaluation.using import use_ranking
from indexer.models import Promotion, Ranking, Source
from indexer.ranking import learning
from indexer.ranking.choice import chosen


class Command(BaseCommand):
    help = "Show how search results are ordered; learn it from this installation's history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        actions.add_parser("list", help="the rankings and which one is in use (default)")
        learn = actions.add_parser("learn", help="learn now; used when it wins on newer commits")
        learn.add_argument("--source", action="append", default=[], metavar="NAME")
        learn.add_argument("--newest", type=int, default=learning.PER_SOURCE, metavar="COMMITS")
        learn.add_argument("--json", action="store_true")
        use = actions.add_parser("use", help="use one from now on; auto: the nightly job decides")
        use.add_argument("which", metavar="NUMBER|shipped|plain|auto")
        use.add_argument("--override", default="", metavar="REASON", help="although it is worse")
        export = actions.add_parser("export", help="write a learned one to a file")
        export.add_argument("number", type=int)
        export.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"] or "list"
        getattr(self, f"_{action}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        current = chosen()
        if current is None:
            self.stdout.write("in use: shipped")
        for ranking in Ranking.objects.all()[:20]:
            mark = "in use" if current is not None and ranking.pk == current.pk else "      "
            figures = {k: v for k, v in ranking.figures.items() if k not in {"gains", "history"}}
            self.stdout.write(
                f"{mark} {ranking.pk} {ranking.origin} {ranking.created_at:%Y-%m-%d %H:%M} "
                + json.dumps(figures)
            )

    def _learn(self, options: dict[str, Any]) -> None:
        scope = scope_for(None)
        check_sources(options["source"], scope)
        if options["source"]:
            named = Source.objects.filter(name__in=options["source"])
            scope = scope.narrowed_to(named.values_list("pk", flat=True))
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Asking past commits", total=None)
            ranking = learning.learn(
                scope,
                per_source=options["newest"],
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        if ranking is None:
            raise CommandError(
                f"Too little history: fewer than {learning.FEWEST} usable commits. "
                "The shipped ranking stays in use."
            )
        told = {"number": ranking.pk, "in_use": ranking.chosen_at is not None, **ranking.figures}
        if not options["json"]:
            verdict = "is in use now" if told["in_use"] else "did not win and is not used"
            self.stdout.write(f"Ranking {ranking.pk} {verdict}.")
        self.stdout.write(json.dumps(told))

    def _use(self, options: dict[str, Any]) -> None:
        target = Target("ranking", name=options["which"])
        # Before it is measured and chosen: a refusal is written down too, and stays.
        record(Action.PROMOTED, target=target, details={"override": options["override"]})
        with sentences():
            promotion = use_ranking(
                options["which"],
                scope=scope_for(None),
                by=COMMAND_LINE,
                override=options["override"],
            )
        self.stdout.write(f"In use from the next search on: {promotion.after}")
        if promotion.verdict == Promotion.Verdict.OVERRIDDEN:
            self.stdout.write("It is worse; the reason is recorded.")

    def _export(self, options: dict[str, Any]) -> None:
        ranking = Ranking.objects.filter(pk=options["number"], origin="learned").first()
        if ranking is None:
            raise CommandError(f"There is no learned ranking {options['number']}.")
        try:
            options["file"].write_text(ranking.trees, encoding="utf-8")
        except OSError as exc:
            raise CommandError(f"{options['file']}: {exc.strerror}") from exc
        self.stdout.write(f"Written: {options['file']}")
