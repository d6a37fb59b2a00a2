"""Threads that were answered in several steps: done, asked back, and still being searched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.answering.steps import Kind, Step
from appliance.conversations.models import Message, Thread
from indexer.models import Source

QUESTION = "How does a silent gauge get from the client to the alarm, and where is it logged?"
ANSWER = """`read_level` asks again before it raises `GaugeSilent` [E1]. The error is defined in \
`tidewatch/errors.py` [E2]."""


def steps(source: Source) -> list[dict[str, object]]:
    """Return the steps of an answer, as they are stored."""
    place = ((source.pk, "tidewatch/client.py"),)
    taken = [
        Step(1, Kind.SEARCH, f"Searched for “{QUESTION}”",
             "16 passages of 5 files: tidewatch/client.py, tidewatch/errors.py, README.md and 2 more",
             place, seconds=0.21),
        Step(2, Kind.REFERENCES, "Looked for uses of GaugeSilent",
             "3 passages of 2 files: tidewatch/errors.py, tidewatch/client.py", place, seconds=1.34),
        Step(3, Kind.READ, "Read tidewatch/client.py, lines 32-43",
             "1 passage of 1 file: tidewatch/client.py", place, seconds=1.12),
        Step(4, Kind.READ, "Looked for tidewatch/harbour_master_telephone_directory.py",
             "There is no such file in what you may read.", seconds=0.98),
        Step(5, Kind.PLAN, "Had enough to write", seconds=0.55),
    ]  # fmt: skip
    return [step.to_json() for step in taken]


def asked_in_pair(
    owner: User, title: str, turns: Sequence[tuple[str, dict[str, object]]]
) -> tuple[Thread, list[Message]]:
    """Make a thread of questions with what became of their answers."""
    moment = timezone.now()
    thread = Thread.objects.create(owner=owner, title=title)
    answers: list[Message] = []
    for number, (question, fields) in enumerate(turns):
        at = moment + timedelta(seconds=10 * number)
        asked = Message.objects.create(
            thread=thread,
            role="question",
            text=question,
            mode="pair",
            created_at=at,
            parent=answers[-1] if answers else None,
        )
        answer = Message.objects.create(
            thread=thread,
            parent=asked,
            role="answer",
            query=question,
            mode="pair",
            created_at=at + timedelta(seconds=1),
            **fields,
        )
        answers.append(answer)
    return thread, answers


def running(source: Source) -> dict[str, object]:
    """Return an answer in the middle of its third step."""
    third = Step(3, Kind.READ, "Reading tidewatch/errors.py", is_running=True)
    return {"state": "searching", "steps": [*steps(source)[:2], third.to_json()]}
