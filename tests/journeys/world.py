"""One appliance with people, sources and threads in every state that a page can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import Group
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.checking.checks import to_json
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evidence import Documents
from appliance.conversations.models import Message, Thread, ThreadShare
from appliance.conversations.rendering import lines_behind
from appliance.sources.models import Grant
from indexer.ingestion.inline import sync_now
from indexer.models import (
    Document,
    EvaluationRun,
    Finding,
    GoldenSet,
    Job,
    Promotion,
    Ref,
    Source,
)
from tests.gitrepos import Repository, make_repository
from tests.journeys.aftermath import corrected_cases, outdated_answer
from tests.journeys.evidence import add_evidence
from tests.journeys.pair_world import ANSWER as PAIR_ANSWER
from tests.journeys.pair_world import QUESTION, asked_in_pair, running, steps
from tests.journeys.prompted import prompted_answer
from tests.journeys.tidewatch import README, make_tidewatch

ANSWER = """A gauge that does not answer is asked **four times**, with a pause that doubles after each
attempt: half a second, one second, two seconds [E1]. The limits are constants of the module [E2]:

```python
RETRIES = 4
FIRST_PAUSE_S = 0.5
```

When the last attempt fails too, `read_level` raises `GaugeSilent`, chained to the transport error
[E1]. A refusal (`401` or `403`) is *not* retried: it raises `GaugeRefused` at once [E3].

1. Change `RETRIES` to ask more or less often.
2. Catch `GaugeSilent` where a missing reading is expected.
"""


CHECKED = """`read_level` asks a silent gauge again before it raises `GaugeSilent` [E1]. How often, says
`RETRIES` [E1]. Before each attempt it calls `wake_gauge()` with `--patience` [E1]. The harbour master
likes tea [E2]. See `tidewatch/night.py` for the rest.

| what | where |
|---|---|
| a refusal | `GaugeRefused` [E1] |
| the siren | `sound_siren` [E1] |

```python
level = GaugeClient.read_level(wake_gauge())  # [E1]
```
"""


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
    thread, answer = _answered_thread(people["owner"], source, older)
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
    branched, asked_twice = _branched_thread(people, source, older)
    outdated = outdated_answer(people["owner"], source)
    for days in (0, 1, 3, 12, 60):
        _thread(people["owner"], f"How is the alarm mark chosen? ({days} days ago)", days)
    return World(
        source=source,
        commit=repository.commits[-1],
        older_commit=older,
        thread=thread,
        answer=answer,
        checked=_checked_thread(people["owner"], source, older),
        prompted=prompted_answer(people["owner"], source, older),
        run=run,
        states=_thread_of_states(people["owner"], source, older),
        paired=_paired_thread(people["owner"], source, older),
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


def _thread(owner: User, title: str, days_ago: int) -> Thread:
    moment = timezone.now() - timedelta(days=days_ago, minutes=5)
    return Thread.objects.create(owner=owner, title=title, created_at=moment, updated_at=moment)


def _answered_thread(owner: User, source: Source, commit: str) -> tuple[Thread, Message]:
    thread = _thread(owner, "How often is a silent gauge asked again?", 0)
    question = "How often is a silent gauge asked again, and what happens after the last time?"
    asked = Message.objects.create(thread=thread, role=Message.Role.QUESTION, text=question)
    answer = Message.objects.create(
        thread=thread,
        parent=asked,
        role=Message.Role.ANSWER,
        text=ANSWER,
        query=question,
        struck=1,
        seconds=8.4,
        receipt=receipt(source, commit, query=question),
        usage={"prompt_tokens": 2310, "completion_tokens": 164},
    )
    used = [
        ("E1", "tidewatch/client.py", 32, 43, "GaugeClient.read_level", "cited"),
        ("E2", "tidewatch/client.py", 12, 13, "", "cited"),
        ("E3", "tidewatch/client.py", 45, 51, "GaugeClient._read_once", "cited"),
        ("E4", "README.md", 5, 8, "Retries", "in_prompt"),
        ("E5", "tidewatch/errors.py", 4, 9, "GaugeSilent", "in_prompt"),
        ("E6", "tidewatch/settings.py", 18, 24, "read_settings", "in_prompt"),
    ]
    for handle, path, first, last, symbol, role in used:
        add_evidence(answer, source, commit, (handle, path, symbol, role), (first, last))
    return thread, answer


def _paired_thread(owner: User, source: Source, commit: str) -> Thread:
    asks = receipt(
        source, commit, query="And the alarm?", struck=0, asked_back=True,
        options=["GaugeClient.read_level", "tidewatch/settings.py", "GaugeRefused"],
    )  # fmt: skip
    done = {
        "text": PAIR_ANSWER,
        "seconds": 9.3,
        "steps": steps(source),
        "receipt": receipt(source, commit, query=QUESTION, struck=0),
    }
    back: dict[str, object] = {
        "text": "Which alarm do you mean?",
        "steps": steps(source)[:2],
        "receipt": asks,
    }
    thread, (answer, _) = asked_in_pair(
        owner, "From the gauge to the alarm", [(QUESTION, done), ("And the alarm?", back)]
    )
    for handle, path, first, last, symbol in (
        ("E1", "tidewatch/client.py", 32, 43, "GaugeClient.read_level"),
        ("E2", "tidewatch/errors.py", 4, 9, "GaugeSilent"),
    ):
        add_evidence(answer, source, commit, (handle, path, symbol, "cited"), (first, last))
    return thread


def _branched_thread(
    people: dict[str, User], source: Source, commit: str
) -> tuple[Thread, Message]:
    """Make a thread with a question that was asked twice, an answer that was written twice, pins,
    and shares with people who may read all of it and next to nothing of it."""
    thread = _thread(people["owner"], "Which readings raise the alarm?", 0)
    first = _said(thread, None, "Which readings raise the alarm?")
    general = _said(thread, first, "A reading above the **alarm mark** of its gauge does.")
    again = _said(thread, first, "Readings above the alarm mark, in two minutes of three.")
    again.is_pinned = True
    again.save()
    _said(thread, _said(thread, general, "Who is told?"), "The harbour master.")
    asked_twice = _said(thread, again, "How often is a silent gauge asked?")
    beside = _said(thread, again, "How often is a gauge asked again that gives no answer?")
    answer = _said(
        thread, beside, "It is asked **four times** before `GaugeSilent` is raised [E1]."
    )
    what = ("E1", "tidewatch/client.py", "GaugeClient.read_level", "cited")
    add_evidence(answer, source, commit, what, (32, 43))
    answer.receipt = receipt(source, commit, query=beside.text, given=1)
    answer.save()
    last = _said(thread, answer, "And after the fourth time?")
    last.is_pinned = True
    last.save()
    _said(thread, last, "The alarm is given as for a reading above the mark.")
    for share in ({"user": people["outsider"]}, {"group": Group.objects.get(name="harbour")}):
        ThreadShare.objects.create(thread=thread, created_by=people["owner"], **share)
    return thread, asked_twice


def _said(thread: Thread, after: Message | None, text: str) -> Message:
    role = "answer" if after and after.role == "question" else "question"
    return Message.objects.create(thread=thread, parent=after, role=role, text=text)


def _checked_thread(owner: User, source: Source, commit: str) -> Thread:
    """Make an answer in which the checks found something of every kind."""
    thread = _thread(owner, "What is called before a gauge is asked again?", 0)
    question = "What is called before a gauge is asked again?"
    asked = Message.objects.create(thread=thread, role=Message.Role.QUESTION, text=question)
    answer = Message.objects.create(
        thread=thread,
        parent=asked,
        role=Message.Role.ANSWER,
        text=CHECKED,
        query=question,
        seconds=6.1,
        receipt=receipt(source, commit, query=question, repaired=True),
    )
    used = [
        ("E1", "tidewatch/client.py", 32, 43, "GaugeClient.read_level", "in_prompt"),
        ("E2", "README.md", 5, 8, "Retries", "in_prompt"),
    ]
    for handle, path, first, last, symbol, role in used:
        add_evidence(answer, source, commit, (handle, path, symbol, role), (first, last))
    given = [lines_behind(link) for link in answer.evidence_links.all()]
    offered = {piece.handle: piece for piece in given}
    documents = Documents(frozenset(piece.blob_id for piece in given))
    judgements = judge_answer(CHECKED, offered, documents)
    unknown = ("wake_gauge", "--patience", "tidewatch/night.py", "sound_siren")
    answer.checks = to_json(judgements, unknown)
    answer.struck = answer.checks["counts"]["struck"]
    answer.save()
    return thread


def receipt(source: Source, commit: str, **more: object) -> dict[str, object]:
    live = Ref.objects.get(source=source, is_default=True).live_at.isoformat()
    return {
        "sources": [{"name": source.name, "commit": commit, "live_at": live}],
        "legs": ["lexical", "path", "vector"],
        "hits": 12,
        "skipped": 4,
        "struck": 1,
        "prompt_tokens": 2310,
        "window_tokens": 4096,
        "rewritten": False,
        **more,
    }


def _thread_of_states(owner: User, source: Source, commit: str) -> Thread:
    """Make one thread that holds an answer in every final state."""
    thread = _thread(owner, "One answer of each kind", 0)
    states: Sequence[tuple[str, dict[str, object]]] = [
        ("Which database holds the readings?", {"not_found": True, "text": ""}),
        (
            "Who is called at night?",
            {"state": "failed", "error": "The model server did not answer in time."},
        ),
        (
            "Explain the alarm in Go.",
            {"state": "stopped", "text": "The alarm compares the level with"},
        ),
    ]
    answer: Message | None = None
    for number, (question, fields) in enumerate(states):
        at = timezone.now() + timedelta(seconds=10 * number)
        asked = Message.objects.create(
            thread=thread, role="question", text=question, created_at=at, parent=answer
        )
        answer = Message.objects.create(
            thread=thread,
            parent=asked,
            role="answer",
            query=question,
            receipt=receipt(source, commit, query=question, **_experts(fields)),
            created_at=at + timedelta(seconds=1),
            **fields,
        )
        if answer.not_found:
            what = ("E1", "tidewatch/settings.py", "read_settings", "near")
            add_evidence(answer, source, commit, what, (18, 24))
    return thread


def _experts(fields: dict[str, object]) -> dict[str, object]:
    """Return who may know, with an answer that was not found."""
    if "not_found" not in fields:
        return {}
    place = {"source": "tidewatch", "path": "tidewatch/settings.py"}
    owner = {"name": "@harbour/pilots", "how": "owner", "lines": 0, "wrote_at": "", **place}
    wrote_at = "2025-06-15T15:06:40+00:00"
    author = {"name": "Ada Example", "how": "author", "lines": 7, "wrote_at": wrote_at, **place}
    return {"experts": [owner, author], "skipped_by": {"too_large": 3, "binary": 1}}
