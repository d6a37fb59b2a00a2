"""One appliance with people, sources and threads in every state that a page can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import Group
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread
from appliance.sources.models import Grant
from indexer.ingestion.inline import sync_now
from indexer.models import (
    Document,
    EvaluationRun,
    Finding,
    GoldenSet,
    Job,
    Promotion,
    Source,
)
from tests.gitrepos import Repository, make_repository
from tests.journeys.aftermath import corrected_cases, outdated_answer
from tests.journeys.pair_world import QUESTION, asked_in_pair, running
from tests.journeys.prompted import prompted_answer
from tests.journeys.threads import (
    answered_thread,
    branched_thread,
    checked_thread,
    empty_thread,
    paired_thread,
    thread_of_states,
)
from tests.journeys.tidewatch import README, make_tidewatch

# Shown in pages; the sources are synced from folders before it is written there.
LOCATION = "https://git.harbour.example/harbour/{}.git"


@dataclass(frozen=True, slots=True)
class World:
    """What the tests of pages need to know of the rows behind them."""

    source: Source
    commit: str
    older_commit: str
    owner: User
    reader: User
    outsider: User
    staff: User
    thread: Thread
    answer: Message
    checked: Thread
    prompted: Message
    states: Thread
    paired: Thread  # answered in several steps, then asked back
    pairing: Thread  # in the middle of a step
    branched: Thread  # of the owner; shared with the outsider, for whom most of it is sealed
    asked_twice: Message
    run: EvaluationRun
    case: Message
    outdated: Message


def make_world(folder: Path) -> World:
    """Connect a real repository through the real flow, then add people and threads."""
    repository = make_tidewatch(folder / "tidewatch")
    source = _connected(repository, "tidewatch", ["main", "release/1.0"])
    # Cited, and live no longer after the next change.
    older = repository.commit({"README.md": f"{README}\nCall the harbour office in doubt.\n"})
    sync_now(source)
    people = _people()
    Grant.objects.create(group=Group.objects.get(name="harbour"), source=source)
    Grant.objects.create(
        group=Group.objects.get(name="harbour"), source=source, path_pattern="secret/", allow=False
    )
    thread, answer = answered_thread(people["owner"], source, older)
    repository.commit(
        {"tidewatch/errors.py": '"""Errors."""\n\n\nclass GaugeSilent(Exception):\n    pass\n'}
    )
    sync_now(source)
    _other_sources(repository)
    _second_source(folder)
    _masked_places(source)
    for name in ("tidewatch", "buoys"):
        Source.objects.filter(name=name).update(
            kind=Source.Kind.REMOTE, location=LOCATION.format(name)
        )
    run = _evaluation(source, people)
    branched, asked_twice = branched_thread(people, source, older)
    outdated = outdated_answer(people["owner"], source)
    for days in (0, 1, 3, 12, 60):
        empty_thread(people["owner"], f"How is the alarm mark chosen? ({days} days ago)", days)
    return World(
        source=source,
        commit=repository.commits[-1],
        older_commit=older,
        thread=thread,
        answer=answer,
        checked=checked_thread(people["owner"], source, older),
        prompted=prompted_answer(people["owner"], source, older),
        run=run,
        states=thread_of_states(people["owner"], source, older),
        paired=paired_thread(people["owner"], source, older),
        pairing=asked_in_pair(people["owner"], "A step at a time", [(QUESTION, running(source))])[
            0
        ],
        branched=branched,
        asked_twice=asked_twice,
        case=corrected_cases(people, source),
        outdated=outdated,
        **people,
    )


def _connected(repository: Repository, name: str, refs: list[str]) -> Source:
    source = Source.objects.create(
        name=name, kind=Source.Kind.PATH, location=str(repository.path), ref_names=refs
    )
    sync_now(source)
    return source


def _second_source(folder: Path) -> None:
    """Add one more that may be read, so that there is something to choose from."""
    files = {"buoys.md": "# Buoys\n\nA gauge on a buoy is read by radio.\n"}
    source = _connected(make_repository(folder / "buoys", files), "buoys", [])
    Grant.objects.create(group=Group.objects.get(name="harbour"), source=source)


def _evaluation(source: Source, people: dict[str, User]) -> EvaluationRun:
    """Add two weeks of runs with a drop at the end, a proposal, and decisions."""
    group = Group.objects.create(name="keepers")
    people["staff"].groups.add(group)
    Grant.objects.create(group=group, source=source)
    asked = GoldenSet.objects.create(name="Questions of the harbour", kind="imported")
    GoldenSet.objects.create(name="History of tidewatch", kind="history", source=source)
    entry = asked.entries.create(
        key="1",
        query="What happens to the alarm when the gauge is silent?",
        source=source,
        gold=[{"path": "tidewatch/alarm.py", "start": 3, "end": 20}],
    )
    saved = GoldenSet.objects.create(name="Saved questions", kind="saved")
    saved.entries.create(
        key="2",
        query="where is the pause doubled",
        source=source,
        gold=[{"path": "tidewatch/client.py", "start": 30, "end": 44}],
        state="proposed",
        proposed_by="reader",
    )
    _runs(source)
    run = EvaluationRun.objects.latest("pk")
    run.answers.create(
        entry=entry,
        values={"Acc@1": 0.0, "MRR@20": 0.25},
        is_named=False,
        found=[{"source_id": source.pk, "path": "README.md", "start": 1, "end": 20}],
    )
    Promotion.objects.create(
        kind="ranking", before="shipped", after="plain", verdict="refused", decided_by="staff"
    )
    return run


def _runs(source: Source) -> None:
    """Add a run for each of the last fourteen days, the last with a drop."""
    for day in range(14):
        drop = 0.12 if day == 13 else 0.0
        overall = {
            "queries": 120,
            "Acc@1": round(0.61 + 0.004 * day - drop, 4),
            "Recall@5": round(0.80 + 0.003 * day - drop, 4),
            "Recall@10": round(0.86 + 0.003 * day - drop, 4),
            "MRR@20": round(0.70 + 0.004 * day - drop, 4),
            "SpanRecall@5": round(0.44 + 0.002 * day, 4),
            "SpanRecall@10": round(0.52 + 0.002 * day, 4),
        }
        EvaluationRun.objects.create(
            reason="nightly",
            state="done",
            created_at=timezone.now() - timedelta(days=13 - day),
            progress_total=120,
            progress_done=120,
            seconds=21.5,
            in_use={"ranking": "shipped", "embedding": "plumbline-static-1"},
            measures={"all": overall, "history": overall, "sources": {str(source.pk): overall}},
            vector_recall=[
                {"share": share, "chunks": int(90_000 * share), "questions": 20, "recall": recall}
                for share, recall in ((1.0, 0.993), (0.1, 0.99), (0.01, 1.0), (0.001, 1.0))
            ],
            alarms=[{"over": "history", "measure": "MRR@20", "a": 0.748, "b": 0.632}]
            if drop
            else [],
        )


def _masked_places(source: Source) -> None:
    """Say of two live files that something was masked in them."""
    for path, kind, rule, line in (
        ("tidewatch/settings.py", "secret", "password-or-key", 12),
        ("tidewatch/client.py", "secret", "gitlab-token", 3),
        ("tidewatch/client.py", "invisible", "bidirectional-U+202E", 40),
    ):
        blob = Document.objects.filter(source=source, path=path)[0].blob
        Finding.objects.create(blob=blob, kind=kind, rule=rule, line=line)


def _other_sources(repository: Repository) -> None:
    """Add a source in the middle of a sync, one that failed, and one never synced."""
    running, failed, fresh = (
        Source.objects.create(name=name, kind=Source.Kind.REMOTE, location=LOCATION.format(name))
        for name in ("lockgates", "pilot-office", "weather")
    )
    now = timezone.now()
    Job.objects.create(
        source=running,
        state=Job.State.RUNNING,
        attempt=1,
        phase="embed",
        started_at=now,
        progress_done=1480,
        progress_total=3912,
        lease_until=now + timedelta(hours=1),
    )
    Job.objects.create(
        source=failed,
        state=Job.State.FAILED,
        attempt=3,
        phase="fetch",
        ended_at=now,
        error_code="auth",
        error="The server refused the credential. Enter a new access token.",
    )
    assert fresh.pk


def _people() -> dict[str, User]:
    harbour = Group.objects.create(name="harbour")
    people = {
        name: User.objects.create_user(
            name, password="correct horse battery", is_staff=name == "staff"
        )
        for name in ("owner", "reader", "outsider", "staff")
    }
    harbour.user_set.add(people["owner"], people["reader"])
    return people
