"""The threads of the journeys' appliance: answers in every state, with evidence and checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.models import Group
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.checking.checks import to_json
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evidence import Documents
from appliance.conversations.models import Message, Thread, ThreadShare
from appliance.conversations.rendering import lines_behind
from indexer.models import (
    Ref,
    Source,
)
from tests.journeys.evidence import add_evidence
from tests.journeys.pair_world import ANSWER as PAIR_ANSWER
from tests.journeys.pair_world import QUESTION, asked_in_pair, steps

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


def empty_thread(owner: User, title: str, days_ago: int) -> Thread:
    moment = timezone.now() - timedelta(days=days_ago, minutes=5)
    return Thread.objects.create(owner=owner, title=title, created_at=moment, updated_at=moment)


def answered_thread(owner: User, source: Source, commit: str) -> tuple[Thread, Message]:
    thread = empty_thread(owner, "How often is a silent gauge asked again?", 0)
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


def go_on(thread: Thread, after: Message, times: int) -> None:
    """Add questions and short answers to a thread, each after the one before."""
    for number in range(times):
        asked = Message.objects.create(
            thread=thread, parent=after, role=Message.Role.QUESTION, text=f"And then ({number})?"
        )
        after = Message.objects.create(
            thread=thread, parent=asked, role=Message.Role.ANSWER, text="Nothing else happens."
        )


def paired_thread(owner: User, source: Source, commit: str) -> Thread:
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


def branched_thread(people: dict[str, User], source: Source, commit: str) -> tuple[Thread, Message]:
    """Make a thread with a question that was asked twice, an answer that was written twice, pins,
    and shares with people who may read all of it and next to nothing of it."""
    thread = empty_thread(people["owner"], "Which readings raise the alarm?", 0)
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


def checked_thread(owner: User, source: Source, commit: str) -> Thread:
    """Make an answer in which the checks found something of every kind."""
    thread = empty_thread(owner, "What is called before a gauge is asked again?", 0)
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


def thread_of_states(owner: User, source: Source, commit: str) -> Thread:
    """Make one thread that holds an answer in every final state."""
    thread = empty_thread(owner, "One answer of each kind", 0)
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
