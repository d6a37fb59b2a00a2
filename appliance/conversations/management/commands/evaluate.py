"""Measure retrieval and answers over golden questions."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from django.core.management import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.common.commandline import sentences
from appliance.conversations.evaluating.grading import Grade
from appliance.conversations.evaluating.questions import read_questions
from appliance.conversations.evaluating.running import asked_and_graded
from appliance.conversations.evaluating.summary import Summary
from appliance.sources.operators import check_sources, scope_for
from indexer.evaluation import runs, sides
from indexer.evaluation.alarms import compare_runs
from indexer.evaluation.comparison import Comparison
from indexer.evaluation.contest import contest, parts_of
from indexer.evaluation.golden import GoldenQuestion, read_golden
from indexer.evaluation.legs import measured_by_leg
from indexer.evaluation.promotion import questions_in
from indexer.evaluation.run import Answered, answer_all, measure
from indexer.evaluation.sets import in_fair_order, question_of, questions_in_use
from indexer.evaluation.summary import NAMED, UNNAMED
from indexer.models import EvaluationRun, Promotion
from indexer.retrieval.variant import LEGS, Variant

T = TypeVar("T")

ACTIONS = ("run", "runs", "promotions")
SHOWN = 20
Compared = Mapping[str, Mapping[str, Comparison]]


class Command(BaseCommand):
    help = (
        "Ask golden questions of the search and print Acc@1, Recall@5, Recall@10, MRR@20 and, "
        "where the gold has lines, span recall. Without a file: 'run' asks the stored sets and "
        "records it, 'runs' and 'promotions' list what was recorded."
    )

    def create_parser(self, *args: Any, **options: Any) -> Any:
        parser = super().create_parser(*args, **options)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = f"A and B of --compare. {sides.__doc__}"
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="*", metavar="FILE.jsonl|run|runs|promotions")
        parser.add_argument("--compare", nargs=2, metavar=("A", "B"))
        parser.add_argument("--without", action="append", default=[], metavar="LEG", choices=LEGS)
        parser.add_argument("--only", action="append", default=[], metavar="LEG", choices=LEGS)
        parser.add_argument("--ranking", default="", metavar="plain|shipped|NUMBER")
        parser.add_argument(
            "--strata",
            action="store_true",
            help="also by source, and by whether the answer is named",
        )
        parser.add_argument(
            "--legs", action="store_true", help="the questions again with each retriever left out"
        )
        parser.add_argument(
            "--answers",
            action="store_true",
            help="have the questions answered, and measure the answers",
        )
        parser.add_argument("--source", action="append", default=[], metavar="NAME")
        parser.add_argument("--user", metavar="USER", help="as this person; default: everything")
        parser.add_argument("--out", metavar="RESULTS.jsonl", type=Path)
        parser.add_argument("--json", action="store_true", help="the last line is JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        what = options["what"]
        with sentences():
            if options["compare"]:
                self._compare(options)
            elif what and what[0] in ACTIONS:
                getattr(self, f"_{what[0]}")(options)
            elif what and options["legs"]:
                self._legs(options)
            elif what and options["answers"]:
                self._answers(options)
            elif what:
                self._files(options)
            else:
                raise CommandError("Name a file of golden questions, or one of: run, runs.")

    # --- Files ------------------------------------------------------------------------------

    def _files(self, options: dict[str, Any]) -> None:
        scope = scope_for(options["user"])
        check_sources(options["source"], scope)
        variant = _variant(options)
        # All of them before the first question: a typing error shows at once.
        golden = {name: read_golden(Path(name)) for name in options["what"]}
        _write(options["out"], {})
        answered: dict[str, list[Answered]] = {}
        for name, questions in golden.items():
            answers = answer_all(
                questions, scope=scope, source_names=options["source"], variant=variant
            )
            answered[name] = list(_tracked(answers, name, len(questions)))
        _write(options["out"], answered)
        by_name = {_short(name, answered): of_file for name, of_file in answered.items()}
        everything = [one for each in answered.values() for one in each]
        if len(answered) > 1:
            by_name["all"] = everything
        if options["strata"]:
            by_name |= _strata(everything)
        self._print(by_name, as_json=options["json"])

    def _print(self, answered: dict[str, list[Answered]], *, as_json: bool) -> None:
        table = {name: measure(of_file).to_json() for name, of_file in answered.items()}
        for name, values in table.items():
            self._print_row(name, values)
        if as_json:
            self.stdout.write(json.dumps(table))

    def _print_row(self, name: str, values: Mapping[str, object]) -> None:
        self.stdout.write(f"{name:<24}" + "  ".join(f"{k} {v}" for k, v in values.items()))

    def _legs(self, options: dict[str, Any]) -> None:
        """Ask the questions of all files with each retriever left out in turn."""
        scope = scope_for(options["user"])
        check_sources(options["source"], scope)
        questions = _questions(options["what"])
        table = {}
        for name, of_all in measured_by_leg(questions, scope=scope, source_names=options["source"]):
            table[name] = of_all.to_json()
            self._print_row(name, table[name])
        if options["json"]:
            self.stdout.write(json.dumps(table))

    # --- Answers ----------------------------------------------------------------------------

    def _answers(self, options: dict[str, Any]) -> None:
        """Ask the whole flow; each answer is written down as soon as it is there."""
        scope = scope_for(options["user"])
        check_sources(options["source"], scope)
        asked = {name: read_questions(Path(name)) for name in options["what"]}
        _write_lines(options["out"], [])
        lines: list[dict[str, object]] = []
        table: dict[str, dict[str, object]] = {}
        for name, questions in asked.items():
            grades: list[Grade] = []
            for question in _tracked(questions, name, len(questions)):
                line, graded = asked_and_graded(question, scope, options["source"])
                grades.append(graded)
                lines.append(line)
                _write_lines(options["out"], lines)
            summary = Summary.over(grades)
            table[_short(name, asked)] = summary.to_json()
            self.stdout.write(f"{_short(name, asked)}: {summary.questions} questions")
            for text in summary.lines():
                self.stdout.write(text)
        if options["json"]:
            self.stdout.write(json.dumps(table))

    # --- Comparisons ------------------------------------------------------------------------

    def _compare(self, options: dict[str, Any]) -> None:
        a, b = (sides.read_side(text) for text in options["compare"])
        if isinstance(a, EvaluationRun) and isinstance(b, EvaluationRun):
            compared: Compared = compare_runs(a, b)
        elif isinstance(a, EvaluationRun) or isinstance(b, EvaluationRun):
            raise CommandError("Compare a run with a run: 'evaluate run' records one of now.")
        else:
            compared = self._contest(a, b, options)
        if not compared:
            raise CommandError("They have no question in common.")
        self._print_comparison(compared, options)

    def _contest(self, a: Variant, b: Variant, options: dict[str, Any]) -> Compared:
        scope = scope_for(options["user"])
        questions = _questions(options["what"])
        numbers = _tracked(questions, "Asking both", len(questions))
        return contest(numbers, a, b, scope=scope)

    def _print_comparison(self, compared: Compared, options: dict[str, Any]) -> None:
        a, b = options["compare"]
        self.stdout.write(f"{'':<24}{'':<15}{'n':>5} {a[:12]:>12} {b[:12]:>12}  B - A (95%)")
        for part, measures in compared.items():
            for name, one in measures.items():
                mark = "  better" if one.is_better else "  WORSE" if one.is_worse else ""
                self.stdout.write(
                    f"{part:<24}{name:<15}{one.questions:>5} {one.a:>12.4f} {one.b:>12.4f}  "
                    f"{one.difference:+.4f} ({one.low:+.4f} to {one.high:+.4f}){mark}"
                )
        if options["json"]:
            table = {
                part: {name: one.to_json() for name, one in measures.items()}
                for part, measures in compared.items()
            }
            self.stdout.write(json.dumps(table))

    # --- What is recorded -------------------------------------------------------------------

    def _run(self, options: dict[str, Any]) -> None:
        run = runs.start(EvaluationRun.Reason.ASKED)
        if run is not None:
            record(Action.EVALUATED, target=Target("evaluation run", str(run.pk)))
        if run is None:
            raise CommandError("There are no golden questions yet; see: manage.py golden --help")
        claimed = runs.claim(run.pk)
        if claimed is None:
            raise CommandError(f"Run {run.pk} is at work; see: manage.py evaluate runs")
        runs.work(claimed)
        claimed.refresh_from_db()
        self._show_run(claimed)
        if options["json"]:
            self.stdout.write(json.dumps(_run_json(claimed)))

    def _runs(self, options: dict[str, Any]) -> None:
        shown = list(EvaluationRun.objects.all()[:SHOWN])
        for run in shown:
            self._show_run(run)
        if options["json"]:
            self.stdout.write(json.dumps([_run_json(run) for run in shown]))

    def _show_run(self, run: EvaluationRun) -> None:
        overall = run.measures.get("all", {})
        figures = "  ".join(f"{name} {value}" for name, value in overall.items())
        alarms = ", ".join(f"{one['measure']} over {one['over']}" for one in run.alarms)
        dropped = f"  DROPPED: {alarms}" if alarms else ""
        self.stdout.write(
            f"{run.pk:>5} {run.created_at:%Y-%m-%d %H:%M} {run.state:<8}{figures}{dropped}"
        )
        for one in run.vector_recall:
            self.stdout.write(f"{'':<6}vector recall@10 of {one['share']:.1%}: {one['recall']}")

    def _promotions(self, options: dict[str, Any]) -> None:
        shown = list(Promotion.objects.all()[:SHOWN])
        for one in shown:
            why = f": {one.reason}" if one.reason else ""
            self.stdout.write(
                f"{one.created_at:%Y-%m-%d %H:%M} {one.kind} {one.before} -> {one.after}: "
                f"{one.verdict} over {questions_in(one)} questions, by {one.decided_by}{why}"
            )
        if options["json"]:
            self.stdout.write(json.dumps([_promotion_json(one) for one in shown]))


def _variant(options: dict[str, Any]) -> Variant:
    if options["only"]:
        return Variant.only(*options["only"], ranking=options["ranking"] or "plain")
    return Variant(without=frozenset(options["without"]), ranking=options["ranking"])


def _questions(files: list[str]) -> list[GoldenQuestion]:
    if files:
        return [question for name in files for question in read_golden(Path(name))]
    return [question_of(entry) for entry in in_fair_order(questions_in_use())]


def _strata(answered: list[Answered]) -> dict[str, list[Answered]]:
    """Return the parts that tell something by themselves, those that are not empty."""
    strata: dict[str, list[Answered]] = {}
    for part in (NAMED, UNNAMED):
        strata[part] = [one for one in answered if part in parts_of(one.question)]
    for one in answered:
        strata.setdefault(f"source:{one.question.source}", []).append(one)
    return {name: of_part for name, of_part in strata.items() if of_part}


def _tracked(questions: Iterable[T], title: str, total: int) -> Iterator[T]:
    yield from track(questions, title, total=total, console=Console(stderr=True))


def _run_json(run: EvaluationRun) -> dict[str, object]:
    return {
        "run": run.pk,
        "state": run.state,
        "created_at": run.created_at.isoformat(),
        "seconds": round(run.seconds, 1),
        "in_use": run.in_use,
        "measures": run.measures,
        "vector_recall": run.vector_recall,
        "alarms": run.alarms,
    }


def _promotion_json(promotion: Promotion) -> dict[str, object]:
    return {
        "at": promotion.created_at.isoformat(),
        "kind": promotion.kind,
        "before": promotion.before,
        "after": promotion.after,
        "verdict": promotion.verdict,
        "decided_by": promotion.decided_by,
        "reason": promotion.reason,
        "comparison": promotion.comparison,
    }


def _write(out: Path | None, answered: dict[str, list[Answered]]) -> None:
    _write_lines(out, [one.to_json() for of_file in answered.values() for one in of_file])


def _write_lines(out: Path | None, lines: Iterable[dict[str, object]]) -> None:
    if out is None:
        return
    try:
        out.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    except OSError as exc:
        raise CommandError(f"{out}: {exc.strerror}") from exc


def _short(name: str, names: Collection[str]) -> str:
    """Return the file's name without its folder, unless two folders have one of that name."""
    short = Path(name).name
    return short if [Path(other).name for other in names].count(short) == 1 else name
