"""Measure retrieval over golden questions."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from appliance.common.commandline import sentences
from appliance.sources.operators import check_sources, scope_for
from indexer.evaluation.golden import read_golden
from indexer.evaluation.run import Answered, answer_all, measure


class Command(BaseCommand):
    help = "Ask golden questions of the search and print Acc@1, Recall@5, Recall@10 and MRR@20."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE.jsonl", type=Path)
        parser.add_argument("--source", action="append", default=[], metavar="NAME")
        parser.add_argument("--user", metavar="USER", help="as this person; default: everything")
        parser.add_argument("--out", metavar="RESULTS.jsonl", type=Path)
        parser.add_argument("--json", action="store_true", help="the last line is JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(stderr=True)
        answered: dict[str, list[Answered]] = {}
        with sentences():
            scope = scope_for(options["user"])
            check_sources(options["source"], scope)
            # All of them before the first question: a typing error shows at once.
            golden = {str(path): read_golden(path) for path in options["files"]}
            _write(options["out"], {})
            for name, questions in golden.items():
                answers = answer_all(questions, scope=scope, source_names=options["source"])
                answered[name] = list(track(answers, name, total=len(questions), console=console))
        _write(options["out"], answered)
        by_name = {_short(name, answered): of_file for name, of_file in answered.items()}
        self._print(by_name, as_json=options["json"])

    def _print(self, answered: dict[str, list[Answered]], *, as_json: bool) -> None:
        if len(answered) > 1:
            answered = answered | {"all": [one for each in answered.values() for one in each]}
        table = {name: measure(of_file).to_json() for name, of_file in answered.items()}
        for name, values in table.items():
            self.stdout.write(f"{name:<24}" + "  ".join(f"{k} {v}" for k, v in values.items()))
        if as_json:
            self.stdout.write(json.dumps(table))


def _write(out: Path | None, answered: dict[str, list[Answered]]) -> None:
    if out is None:
        return
    lines = [json.dumps(one.to_json()) for of_file in answered.values() for one in of_file]
    try:
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as exc:
        raise CommandError(f"{out}: {exc.strerror}") from exc


def _short(name: str, names: Collection[str]) -> str:
    """Return the file's name without its folder, unless two folders have one of that name."""
    short = Path(name).name
    return short if [Path(other).name for other in names].count(short) == 1 else name
