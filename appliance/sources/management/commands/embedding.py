"""Which embedding model search uses: show, use another, go back, learn from history."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db.models import Count
from rich.console import Console
from rich.progress import Progress

from appliance.audit.acting import COMMAND_LINE
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.common.commandline import sentences
from appliance.sources.operators import scope_for
from indexer.continuing import learn
from indexer.evaluation.takeover import VectorsIncomplete, lacking_sources, use_embedding
from indexer.models import Embedding, EmbeddingModel, Promotion
from indexer.succession import begin, recipe_in_use, settle
from inference.training.continuing import FEWEST_PAIRS


class Command(BaseCommand):
    help = (
        "Show the embedding models and the one in use; use another, go back to one, let one learn."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        listed = actions.add_parser("list", help="the models and their vectors (default)")
        listed.add_argument("--json", action="store_true")
        learn = actions.add_parser("learn", help="learn from new commits now; used when it wins")
        learn.add_argument("--json", action="store_true")
        use = actions.add_parser("use", help="use one from now on, or once its vectors are made")
        use.add_argument("name", metavar="NAME")
        use.add_argument("--override", default="", metavar="REASON", help="although it is worse")

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"] or "list"
        with sentences():
            getattr(self, f"_{action}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        settle()
        vectors = dict(Embedding.objects.values_list("model").annotate(Count("pk")).order_by())
        rows = [_row(one, vectors.get(one.name, 0)) for one in EmbeddingModel.objects.all()]
        if options.get("json"):
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            lacking = (
                f", {row['sources_lacking']} sources lack some" if row["sources_lacking"] else ""
            )
            self.stdout.write(f"{row['state']:<8} {row['name']}: {row['vectors']} vectors{lacking}")

    def _learn(self, options: dict[str, Any]) -> None:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Reading past commits", total=None)
            learned = learn(
                scope_for(None),
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        if learned is None:
            raise CommandError(
                f"Too little history: fewer than {FEWEST_PAIRS} usable changes of indexed files."
            )
        told = {"name": learned.name, **learned.figures}
        if not options["json"]:
            verdict = (
                "It is made ready, and used when no golden question speaks against it."
                if told["won"]
                else "That is no better, so it is not used."
            )
            self.stdout.write(
                f"{told['pairs']} changes of {told['sources']} sources. Newest quarter found:"
                f" {told['mrr_before']:.3f} before, {told['mrr_after']:.3f} after. {verdict}"
            )
        self.stdout.write(json.dumps(told))

    def _use(self, options: dict[str, Any]) -> None:
        name = options["name"]
        settle()
        # Before it is measured and chosen: a refusal is written down too, and stays.
        record(
            Action.PROMOTED,
            target=Target("embedding model", name=name),
            details={"override": options["override"]},
        )
        try:
            promotion = use_embedding(
                name, scope=scope_for(None), by=COMMAND_LINE, override=options["override"]
            )
        except VectorsIncomplete as exc:
            begin(name)
            self.stdout.write(
                f"{exc} They are made beside those of {recipe_in_use().name}; it is used as soon as"
                " they are complete, unless it is worse."
            )
            return
        self.stdout.write(f"In use from the next search on: {promotion.after}")
        if promotion.verdict == Promotion.Verdict.OVERRIDDEN:
            self.stdout.write("It is worse; the reason is recorded.")


def _row(model: EmbeddingModel, vectors: int) -> dict[str, object]:
    is_going = model.state in {EmbeddingModel.State.IN_USE, EmbeddingModel.State.COMING}
    return {
        "name": model.name,
        "state": model.state,
        "since": model.since.isoformat(),
        "vectors": vectors,
        "sources_lacking": len(lacking_sources(model.name)) if is_going else None,
    }
