"""Runs over all golden questions: in slices, so that whoever waits for the worker gets a turn.

A run is claimed with a lease like a job. Each answer is written in a transaction that also checks
the attempt, so a worker that lost its lease writes nothing more; the next one goes on behind it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from indexer import clients
from indexer.errors import LeaseLost
from indexer.evaluation.alarms import find_alarms
from indexer.evaluation.run import Answered, Asker, values_of
from indexer.evaluation.sets import in_fair_order, question_of, questions_in_use, refresh_history
from indexer.evaluation.strata import names_its_answer
from indexer.evaluation.summary import summarise
from indexer.evaluation.vectors import recall_by_class
from indexer.models import EvaluationAnswer, EvaluationRun, GoldenEntry, Ref, Source
from indexer.ranking.choice import name_in_use
from indexer.scope import Scope
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

MOST_QUESTIONS = 1000  # of one run
LONGEST_S = 900.0  # at work, over all slices: what is unanswered then stays so
LEASE = timedelta(seconds=120)
LONGEST_LIFE = timedelta(hours=12)  # from its start, with all the waiting
SLICE_S = 20.0
RECALL_QUESTIONS = 20
RECALL_TIME_S = 60.0
FOUND = 3  # hits kept of a question whose answer is not the first
KEPT_RUNS = 30  # with their answers; of older ones the figures stay


def start(reason: str) -> EvaluationRun | None:
    """Return a run that waits or runs, made now if there is none; None: there are no questions."""
    if unfinished := _unfinished().first():
        return unfinished
    refresh_history(Source.objects.all())
    total = min(questions_in_use().count(), MOST_QUESTIONS)
    if not total:
        return None
    return EvaluationRun.objects.create(
        reason=reason,
        progress_total=total,
        commits=dict(Ref.objects.filter(is_default=True).values_list("source_id", "commit")),
        in_use=what_is_in_use(),
    )


def what_is_in_use() -> dict[str, str]:
    reranker = clients.reranker()
    return {
        "ranking": name_in_use(),
        "embedding": clients.embedder().model,
        "reranker": reranker.model if reranker else "",
    }


def waiting() -> list[int]:
    """Return the runs that a worker should hear of: new ones, and those whose worker died."""
    too_old = _unfinished().filter(created_at__lt=timezone.now() - LONGEST_LIFE)
    too_old.update(
        state=EvaluationRun.State.FAILED,
        ended_at=timezone.now(),
        error="The workers died or had no time for it: see the log of worker-embed.",
    )
    return list(_free().values_list("pk", flat=True))


def _unfinished() -> QuerySet[EvaluationRun]:
    states = (EvaluationRun.State.WAITING, EvaluationRun.State.RUNNING)
    return EvaluationRun.objects.filter(state__in=states)


def _free() -> QuerySet[EvaluationRun]:
    left = Q(state=EvaluationRun.State.RUNNING, lease_until__lt=timezone.now())
    return EvaluationRun.objects.filter(Q(state=EvaluationRun.State.WAITING) | left)


def claim(run_id: int) -> EvaluationRun | None:
    """Take a free run; None when another worker has it or it has ended."""
    taken = (
        _free()
        .filter(pk=run_id)
        .update(
            state=EvaluationRun.State.RUNNING,
            attempt=F("attempt") + 1,
            lease_until=timezone.now() + LEASE,
        )
    )
    return EvaluationRun.objects.get(pk=run_id) if taken else None


def work(
    run: EvaluationRun,
    *,
    others_wait: Callable[[], bool] = lambda: False,
    pause_share: float = 0.0,
) -> bool:
    """Answer questions until the run is done (True), or others wait after a slice (False).

    `pause_share` is how long to pause after each question, as a share of what it took: the rest
    is left to people who search. Raises LeaseLost when another worker has the run.
    """
    scope = Scope(frozenset(Source.objects.values_list("pk", flat=True)))
    asker = Asker(scope)
    slice_end = time.monotonic() + SLICE_S
    for entry in _unanswered(run):
        if run.seconds >= LONGEST_S:
            break
        if time.monotonic() > slice_end and others_wait():
            _held(run).update(state=EvaluationRun.State.WAITING, lease_until=None)
            return False
        started = time.monotonic()
        answered = asker.ask(question_of(entry))
        _write(run, entry, answered, seconds=time.monotonic() - started)
        time.sleep(pause_share * (time.monotonic() - started))
    _conclude(run, scope)
    return True


def _unanswered(run: EvaluationRun) -> list[GoldenEntry]:
    entries = in_fair_order(questions_in_use())[:MOST_QUESTIONS]
    done = set(run.answers.values_list("entry_id", flat=True))
    return [entry for entry in entries if entry.pk not in done]


def _held(run: EvaluationRun) -> QuerySet[EvaluationRun]:
    return EvaluationRun.objects.filter(
        pk=run.pk, attempt=run.attempt, state=EvaluationRun.State.RUNNING
    )


@transaction.atomic
def _write(run: EvaluationRun, entry: GoldenEntry, answered: Answered, *, seconds: float) -> None:
    run.seconds += seconds
    held = _held(run).update(
        progress_done=F("progress_done") + 1,
        seconds=run.seconds,
        lease_until=timezone.now() + LEASE,
    )
    if not held:
        raise LeaseLost(f"run {run.pk} was taken over")
    # The question may have been deleted meanwhile: then there is nothing to note.
    if not GoldenEntry.objects.select_for_update().filter(pk=entry.pk).exists():
        return
    values = values_of(answered)
    EvaluationAnswer.objects.create(
        run=run,
        entry=entry,
        values=values,
        is_named=names_its_answer(answered.question),
        found=[] if values["Acc@1"] else _found(answered),
    )


def _found(answered: Answered) -> list[dict[str, object]]:
    return [
        {
            "source_id": hit.source_id,
            "path": hit.path,
            "start": hit.span.start_line,
            "end": hit.span.end_line,
        }
        for hit in answered.hits[:FOUND]
    ]


def _conclude(run: EvaluationRun, scope: Scope) -> None:
    """Sum up, compare with the last good run, and say so when something dropped."""
    _held(run).update(lease_until=timezone.now() + LEASE)
    run.vector_recall = _vector_recall(run, scope)
    run.measures = summarise(run)
    run.compared_with = last_good(before=run)
    run.alarms = find_alarms(run, run.compared_with)
    with transaction.atomic():
        ended = _held(run).update(
            state=EvaluationRun.State.DONE,
            ended_at=timezone.now(),
            lease_until=None,
            vector_recall=run.vector_recall,
            measures=run.measures,
            compared_with=run.compared_with,
            alarms=run.alarms,
        )
    if not ended:
        raise LeaseLost(f"run {run.pk} was taken over")
    run.refresh_from_db()
    thin_out()
    told = [f"{alarm['measure']} over {alarm['over']}" for alarm in run.alarms]
    if told:
        logger.warning("evaluation run=%s dropped: %s", run.pk, ", ".join(told))
    else:
        logger.info("evaluation run=%s questions=%s", run.pk, run.answers.count())


def _vector_recall(run: EvaluationRun, scope: Scope) -> list[dict[str, float]]:
    queries = [entry.query for entry in in_fair_order(questions_in_use())[:RECALL_QUESTIONS]]
    try:
        classes = recall_by_class(queries, scope, time_limit_s=RECALL_TIME_S)
    except InferenceError as exc:
        logger.warning("evaluation run=%s without vectors: %s", run.pk, exc)
        return []
    return [one.to_json() for one in classes]


def fail(run: EvaluationRun, sentence: str) -> None:
    _held(run).update(
        state=EvaluationRun.State.FAILED,
        ended_at=timezone.now(),
        lease_until=None,
        error=sentence[:2000],
    )


def last_good(*, before: EvaluationRun) -> EvaluationRun | None:
    """Return the newest earlier run without a drop, or with one that a person accepted."""
    done = EvaluationRun.objects.filter(state=EvaluationRun.State.DONE, pk__lt=before.pk)
    return done.filter(Q(alarms=[]) | ~Q(accepted_by="")).first()


def newest_done() -> EvaluationRun | None:
    return EvaluationRun.objects.filter(state=EvaluationRun.State.DONE).first()


def accept(run: EvaluationRun, *, by: str) -> None:
    """Take a run with a drop as what later runs are compared with."""
    run.accepted_by = by
    run.save(update_fields=["accepted_by"])


def forget_source(source_id: int) -> None:
    """Forget which places of a source questions about other sources found."""
    EvaluationAnswer.objects.filter(found__contains=[{"source_id": source_id}]).update(found=[])


def thin_out() -> None:
    """Delete the answers of old runs; the run that the next is compared with keeps them."""
    done = EvaluationRun.objects.filter(state=EvaluationRun.State.DONE)
    kept = set(done.values_list("pk", flat=True)[:KEPT_RUNS])
    good = done.filter(Q(alarms=[]) | ~Q(accepted_by="")).first()
    kept |= {good.pk} if good else set()
    EvaluationAnswer.objects.exclude(run__in=kept).filter(run__state="done").delete()
