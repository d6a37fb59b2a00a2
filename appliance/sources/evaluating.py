"""What the evaluation pages show: trends, runs, and the questions that an admin may read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from django.db.models import Count, Q, QuerySet

from appliance.audit.actions import Action
from appliance.audit.policy import told
from appliance.audit.recording import Target, record
from appliance.sources.access import sources_in
from appliance.sources.plots import Plot, plot_of
from indexer.evaluation.measures import ACC_1, MRR_20, RECALL_5, RECALL_10, SPAN_5, SPAN_10
from indexer.evaluation.runs import newest_done
from indexer.evaluation.summary import ALL, ASKED, HISTORY, NAMED, PARTS, UNNAMED
from indexer.models import EvaluationAnswer, EvaluationRun, GoldenEntry, GoldenSet, Source
from indexer.scope import Scope

MEASURES = (ACC_1, RECALL_5, RECALL_10, MRR_20, SPAN_5, SPAN_10)
PLOTTED = (ACC_1, RECALL_10, MRR_20, SPAN_10)
MOST_PLOTTED = 60
WORST = 25


Figures = tuple[float | None, ...]  # in the order of MEASURES
Named = list[tuple[str, float | None]]


@dataclass(frozen=True, slots=True)
class RunRow:
    run: EvaluationRun
    figures: Figures
    questions: int

    @property
    def named(self) -> Named:
        return list(zip(MEASURES, self.figures, strict=True))


@dataclass(frozen=True, slots=True)
class PartRow:
    name: str
    questions: int
    figures: Figures

    @property
    def named(self) -> Named:
        return list(zip(MEASURES, self.figures, strict=True))


@dataclass(frozen=True, slots=True)
class Miss:
    """A question whose answer was not the first hit, with what was found instead."""

    query: str
    source: str
    rank: int | None  # of the first right file; None: not among the hits
    wanted: tuple[str, ...]
    found: tuple[str, ...]


def names_of(scope: Scope) -> dict[int, str]:
    sources = sources_in(scope)
    return dict(sources.values_list("pk", "name"))


def chosen_part(text: str) -> str:
    return text if text in PARTS else ALL


def plots_of(part: str) -> tuple[Plot | None, Plot | None]:
    """Return the plots of the newest finished runs: the measures of a part, and vector recall."""
    runs = list(_done()[:MOST_PLOTTED])[::-1]
    labels = [f"{run.created_at:%Y-%m-%d}" for run in runs]
    measures = {name: [run.measures.get(part, {}).get(name) for run in runs] for name in PLOTTED}
    shares = sorted({one["share"] for run in runs for one in run.vector_recall}, reverse=True)
    recalls = {
        f"readers of {100 * share:g}%": [_recall(run, share) for run in runs] for share in shares
    }
    return (
        plot_of(f"Search over {PARTS[part]}", labels, measures),
        plot_of("Recall@10 of the vectors against an exact scan", labels, recalls),
    )


def _recall(run: EvaluationRun, share: float) -> float | None:
    return next((one["recall"] for one in run.vector_recall if one["share"] == share), None)


def _done() -> QuerySet[EvaluationRun]:
    return EvaluationRun.objects.filter(state=EvaluationRun.State.DONE)


def row_of(run: EvaluationRun, part: str = ALL) -> RunRow:
    measured = run.measures.get(part, {})
    return RunRow(run, _figures(measured), int(measured.get("queries", 0)))


def _figures(measured: dict[str, float]) -> Figures:
    return tuple(measured.get(name) for name in MEASURES)


def parts_of(run: EvaluationRun, names: dict[str, str]) -> list[PartRow]:
    """Return a row for each kind of question and each source; `names` has those one may know."""
    of_parts = [
        (PARTS[part].capitalize(), run.measures.get(part))
        for part in (ALL, HISTORY, ASKED, NAMED, UNNAMED)
    ]
    of_sources = [
        (names[key], measured)
        for key, measured in run.measures.get("sources", {}).items()
        if key in names
    ]
    return [
        PartRow(name, int(measured["queries"]), _figures(measured))
        for name, measured in (*of_parts, *sorted(of_sources, key=lambda one: one[0]))
        if measured
    ]


def misses_of(run: EvaluationRun, scope: Scope) -> list[Miss]:
    """Return the worst answered questions, of places that the scope may read."""
    answers = (
        run.answers.filter(entry__source__in=scope.source_ids)
        .exclude(**{f"values__{ACC_1}": 1.0})
        .select_related("entry__source")
    )
    worst = sorted(answers, key=lambda one: (one.values.get(MRR_20, 0.0), one.pk))
    shown = (one for one in worst if _may_see(one, scope))
    return [_miss(one, scope) for one, _ in zip(shown, range(WORST), strict=False)]


def _may_see(answer: EvaluationAnswer, scope: Scope) -> bool:
    source = answer.entry.source
    return source is not None and all(
        scope.allows(source.pk, gold["path"]) for gold in answer.entry.gold
    )


def _miss(answer: EvaluationAnswer, scope: Scope) -> Miss:
    reciprocal = answer.values.get(MRR_20, 0.0)
    return Miss(
        query=answer.entry.query,
        source=answer.entry.source.name if answer.entry.source else "",
        rank=round(1 / reciprocal) if reciprocal else None,
        wanted=tuple(_place(gold) for gold in answer.entry.gold),
        found=tuple(
            _place(one) for one in answer.found if scope.allows(one["source_id"], one["path"])
        ),
    )


def _place(one: dict[str, object]) -> str:
    lines = f":{one['start']}-{one['end']}" if "start" in one else ""
    return f"{one['path']}{lines}"


def alarm_run() -> EvaluationRun | None:
    """Return the newest finished run if something dropped in it and nobody took it for normal."""
    run = newest_done()
    return run if run is not None and run.alarms and not run.accepted_by else None


def golden_sets() -> QuerySet[GoldenSet]:
    accepted = Count("entries", filter=Q(entries__state=GoldenEntry.State.ACCEPTED))
    return GoldenSet.objects.annotate(questions=accepted)


def proposed(scope: Scope) -> list[GoldenEntry]:
    """Return the proposals about places that the scope may read."""
    entries = GoldenEntry.objects.filter(state=GoldenEntry.State.PROPOSED)
    return [
        entry
        for entry in entries.select_related("source")
        if entry.source is not None
        and all(scope.allows(entry.source.pk, gold["path"]) for gold in entry.gold)
    ]


def decide(entry: GoldenEntry, *, is_accepted: bool) -> None:
    """Accept what an employee proposed, or delete it; within a transaction."""
    decision = "proposal accepted" if is_accepted else "proposal deleted"
    target = Target("golden question", str(entry.pk))
    record(Action.CURATED, target=target, details={"decision": decision, **told(entry.query)})
    if is_accepted:
        entry.state = GoldenEntry.State.ACCEPTED
        entry.save(update_fields=["state"])
    else:
        entry.delete()


def record_set(golden_set: GoldenSet, decision: str) -> None:
    target = Target("golden set", str(golden_set.pk), golden_set.name)
    record(Action.CURATED, target=target, details={"decision": f"set {decision}"})


def record_answer(query: str, source: Source, path: str) -> None:
    details = {"decision": "answer saved", "source": source.name, "path": path, **told(query)}
    record(Action.CURATED, target=Target("golden question"), details=details)


def write_csv(out: TextIO, runs: Iterable[EvaluationRun]) -> None:
    """Write one line for each run and kind of question."""
    writer = csv.writer(out)
    writer.writerow(["run", "created_at", "reason", "state", "questions_of", "queries", *MEASURES])
    for run in runs:
        for part in PARTS:
            if part in run.measures:
                row = row_of(run, part)
                values: Sequence[object] = ["" if v is None else v for v in row.figures]
                writer.writerow(
                    [
                        run.pk,
                        run.created_at.isoformat(),
                        run.reason,
                        run.state,
                        part,
                        row.questions,
                        *values,
                    ]
                )
