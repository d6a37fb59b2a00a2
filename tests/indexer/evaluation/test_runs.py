"""Runs in slices: complete, taken over, compared with the last good one, with an alarm on a drop."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from indexer.errors import LeaseLost
from indexer.evaluation import runs
from indexer.evaluation.alarms import VECTOR_RECALL
from indexer.evaluation.run import Asker
from indexer.evaluation.sets import question_of
from indexer.models import Document, EvaluationAnswer, EvaluationRun, GoldenEntry, Source
from indexer.scope import Scope
from indexer.tasks import evaluate_run
from tests.indexer.evaluation.conftest import TOPICS, AskFactory


def finished(reason: str = "asked") -> EvaluationRun:
    run = runs.start(reason)
    assert run is not None
    claimed = runs.claim(run.pk)
    assert claimed is not None
    assert runs.work(claimed)
    claimed.refresh_from_db()
    return claimed


def test_a_run_without_questions_does_not_start(shop: Source) -> None:
    assert runs.start("asked") is None


def test_a_run_measures_every_part(asked: list[GoldenEntry], shop: Source) -> None:
    run = finished()
    assert run.state == "done"
    assert (run.progress_done, run.progress_total) == (len(TOPICS), len(TOPICS))
    whole = run.measures["all"]
    assert whole["queries"] == len(TOPICS)
    assert whole["Acc@1"] == whole["SpanRecall@5"] == whole["SpanRecall@10"] == 1.0
    assert run.measures["named"]["queries"] == len(TOPICS)  # each names its file
    assert "unnamed" not in run.measures
    assert run.measures["sources"][str(shop.pk)] == whole
    assert run.commits == {str(shop.pk): shop.refs.get().commit}
    assert run.in_use == {"ranking": "shipped", "embedding": "fake-embedder", "reranker": ""}
    assert run.vector_recall == []  # too few chunks to tell
    assert run.alarms == []


def test_only_one_run_is_unfinished(asked: list[GoldenEntry]) -> None:
    run = runs.start("asked")
    assert run == runs.start("nightly")


def test_a_slice_ends_when_others_wait_and_the_next_goes_on(
    asked: list[GoldenEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SLICE_S", -1.0)
    run = runs.start("asked")
    assert run is not None
    first = runs.claim(run.pk)
    assert first is not None
    waiting = iter([False, False, True])
    assert not runs.work(first, others_wait=lambda: next(waiting))
    first.refresh_from_db()
    assert (first.state, first.progress_done, first.answers.count()) == ("waiting", 2, 2)
    assert runs.waiting() == [run.pk]
    evaluate_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.answers.count()) == ("done", len(TOPICS))


def test_a_run_is_taken_once_and_taken_over_when_its_worker_died(
    asked: list[GoldenEntry],
) -> None:
    run = runs.start("asked")
    assert run is not None
    dead = runs.claim(run.pk)
    assert dead is not None
    assert runs.claim(run.pk) is None
    assert runs.waiting() == []
    EvaluationRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert runs.waiting() == [run.pk]
    successor = runs.claim(run.pk)
    assert successor is not None
    with pytest.raises(LeaseLost):
        runs.work(dead)
    assert not EvaluationAnswer.objects.exists()
    assert runs.work(successor)


def test_a_run_that_nobody_finishes_is_given_up(asked: list[GoldenEntry]) -> None:
    run = runs.start("asked")
    assert run is not None
    EvaluationRun.objects.update(created_at=timezone.now() - 2 * runs.LONGEST_LIFE)
    assert runs.waiting() == []
    run.refresh_from_db()
    assert run.state == "failed"
    assert runs.start("asked") != run


def test_a_run_ends_after_its_time(
    asked: list[GoldenEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LONGEST_S", 0.0)
    run = finished()
    assert (run.state, run.answers.count()) == ("done", 0)


def test_a_question_that_is_deleted_meanwhile_is_left_out(asked: list[GoldenEntry]) -> None:
    run = runs.start("asked")
    assert run is not None
    claimed = runs.claim(run.pk)
    assert claimed is not None
    asker = Asker(Scope())
    answered = asker.ask(question_of(asked[0]))
    GoldenEntry.objects.filter(pk=asked[0].pk).delete()
    runs._write(claimed, asked[0], answered, seconds=0.1)
    assert not EvaluationAnswer.objects.exists()


def lose_documents(golden_factory: AskFactory) -> None:
    """Make most of the answers impossible to find."""
    for topic in TOPICS[:7]:
        Document.objects.filter(path=f"src/{topic}.py").update(path=f"moved/{topic}_elsewhere.py")


def test_a_drop_alarms_until_a_person_accepts_it(
    asked: list[GoldenEntry], golden_factory: AskFactory, caplog: pytest.LogCaptureFixture
) -> None:
    good = finished()
    lose_documents(golden_factory)
    with caplog.at_level(logging.WARNING, "indexer.evaluation.runs"):
        bad = finished("nightly")
    assert bad.compared_with == good
    alarmed = {(alarm["over"], alarm["measure"]) for alarm in bad.alarms}
    assert ("asked", "Recall@10") in alarmed
    assert "dropped" in caplog.text
    assert not bad.is_good
    missed = bad.answers.get(entry=asked[0])
    assert missed.values["Acc@1"] == 0
    assert missed.found[0].keys() == {"source_id", "path", "start", "end"}
    # The next one is compared with the good one still: a drop does not become normal overnight.
    worse = finished("nightly")
    assert (worse.compared_with, bool(worse.alarms)) == (good, True)
    runs.accept(worse, by="ana")
    assert finished("nightly").alarms == []


def test_poor_vector_recall_alarms(
    asked: list[GoldenEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = [{"share": 0.01, "chunks": 100, "questions": 20, "recall": 0.5}]
    monkeypatch.setattr(runs, "_vector_recall", lambda run, scope: poor)
    (alarm,) = finished().alarms
    assert (alarm["measure"], alarm["over"], alarm["b"]) == (VECTOR_RECALL, "readers of 1%", 0.5)


def test_old_runs_keep_their_figures_alone(
    asked: list[GoldenEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT_RUNS", 1)
    old, new = finished(), finished()
    assert (old.answers.count(), new.answers.count()) == (0, len(TOPICS))
    old.refresh_from_db()
    assert old.measures["all"]["queries"] == len(TOPICS)
