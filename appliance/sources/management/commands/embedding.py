"""Which embedding model search uses: show, use another, go back."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.db.models import Count

from appliance.audit.acting import COMMAND_LINE
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.common.commandline import sentences
from appliance.sources.operators import scope_for
from indexer.evaluation.takeover import VectorsIncomplete, lacking_sources, use_embedding
from indexer.models import Embedding, EmbeddingModel, Promotion
from indexer.succession import begin, recipe_in_use, settle


class Command(BaseCommand):
    help = "Show the embedding models and which one is in use; use another, or go back to one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        listed = actions.add_parser("list", help="the models and their vectors (default)")
        listed.add_argument("--json", action="store_true")
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
