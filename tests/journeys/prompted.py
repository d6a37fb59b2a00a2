"""A long thread whose last answer has a prompt with parts of every kind."""

from __future__ import annotations

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.prompting.conversation import Asked
from appliance.conversations.prompting.packing import pack
from appliance.conversations.questions import question_of
from indexer.models import Document, Ref, Source
from indexer.retrieval.hits import Hit
from indexer.spans import Span
from inference.client import ChatClient
from inference.testing import fake_http
from tests.journeys.evidence import add_evidence

PLACES = [
    ("tidewatch/client.py", 32, 43, "GaugeClient.read_level"),
    ("README.md", 5, 8, "Retries"),
    ("tidewatch/errors.py", 4, 9, "GaugeSilent"),
    *(("tidewatch/client.py", first, first + 9, "") for first in range(1, 31)),
]
TURNS = [
    ("We watch the gauges of three harbours; the alarm must never wait longer than a minute.", ""),
    ("How often is a silent gauge asked again?", "Four times, with a pause that doubles."),
    ("And what is raised then?", "`GaugeSilent`, chained to the transport error."),
    ("Where is the alarm's limit set?", "In `read_settings`, from `TIDEWATCH_ALARM_CM`."),
    ("Who calls `read_settings`?", "The command line, once at its start. " * 12),
]


def prompted_answer(owner: User, source: Source, commit: str) -> Message:
    """Return an answer whose prompt holds a pin, notes, a turn and evidence, and left some out."""
    thread = Thread.objects.create(owner=owner, title="Can an alarm come too late?")
    last: Message | None = None
    for number, (asked, said) in enumerate(TURNS):
        question = Message.objects.create(
            thread=thread, parent=last, role="question", text=asked, is_pinned=number == 0
        )
        last = Message.objects.create(thread=thread, parent=question, role="answer", text=said)
    question = Message.objects.create(
        thread=thread, parent=last, role="question", text="Can an alarm come later than that?"
    )
    answer = Message.objects.create(
        thread=thread, parent=question, role="answer", text="No: four attempts take 3.5 s [E1]."
    )
    asked_now, _ = question_of(answer)
    packed = pack(
        Asked(asked_now.text, asked_now.turns, asked_now.pinned),
        [_hit(source, commit, *place) for place in PLACES],
        client=ChatClient(fake_http(), None),
        budget=Budget(window_tokens=2048, prompt_tokens=700, answer_tokens=512),
    )
    for piece in (*packed.evidence, *packed.left_out):
        role = "in_prompt" if piece.handle.startswith("E") else "left_out"
        span = (piece.span.start_line, piece.span.end_line)
        add_evidence(answer, source, commit, (piece.handle, piece.path, piece.symbol, role), span)
    answer.prompt = packed.to_json()
    answer.receipt = {
        "given": len(packed.evidence), "prompt_tokens": packed.tokens, "window_tokens": 2048,
    }  # fmt: skip
    answer.save()
    return answer


def _hit(source: Source, commit: str, path: str, first: int, last: int, symbol: str) -> Hit:
    live = Ref.objects.get(source=source, is_default=True).pk
    blob = Document.objects.get(source=source, path=path, refs__contains=[live]).blob
    span = Span(first, last)
    text = "\n".join(span.lines_of(blob.text))
    return Hit(
        source.pk, source.name, path, commit, blob.pk, span, symbol, "", blob.language, 0.5,
        ("lexical",), text,
    )  # fmt: skip
