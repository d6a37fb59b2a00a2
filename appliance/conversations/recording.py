"""Writes an answer down while it grows: whoever looks at it, or comes back, reads it from here."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from appliance.audit.acting import APPLIANCE
from appliance.audit.actions import Action, Outcome
from appliance.audit.errors import NotRecorded
from appliance.audit.recording import Target, record
from appliance.conversations.access import scope_of_answer
from appliance.conversations.adapters.choosing import Chosen, chosen_for
from appliance.conversations.answering.events import (
    Answered,
    Event,
    Judged,
    Prompted,
    Searched,
    Stepped,
    Written,
)
from appliance.conversations.answering.flow import answer
from appliance.conversations.bells import ring
from appliance.conversations.checking import checks
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.keeping import link_evidence
from appliance.conversations.leaving import stop_unless_allowed
from appliance.conversations.measuring import count_answer
from appliance.conversations.models import Message, MessageEvidence
from appliance.conversations.prompting.budget import Budget, Checking
from appliance.conversations.prompting.parts import recalled_in
from appliance.conversations.questions import Branch, question_of
from appliance.conversations.trees import WHOLE, Place
from appliance.conversations.waiting import chat_for
from indexer import clients
from indexer.scope import Scope
from inference.client import ChatClient
from inference.errors import ModelNotConfigured
from inference.streaming import ChatStream

logger = logging.getLogger(__name__)

FLUSH_S = 0.2  # how often a growing answer is written down
WATCH_S = 0.4  # how often the watcher looks for a stop
ASK_S = 2.0  # how often it asks whether the answer's owner may still have it
TOUCH_S = 5.0  # how often it shows that the answer is being worked on
UNKNOWN_WINDOW_TOKENS = 4096  # of a server that does not say


def record_answer(message: Message) -> None:
    """Answer the question before this message and write everything down on the way."""
    begun = time.monotonic()
    question, branch = question_of(message)
    chosen = chosen_for(message.thread.owner, scope_of_answer(message))
    message.receipt = {"behind": _behind(branch.places(), chosen), "adapter": chosen.name}
    message.query, message.steps = "", []  # those of a worker that died are in the question
    # Its turn has come. What it rests on is known before the first words that come of it.
    _save(message, "receipt", "query", "steps")
    with _watching(message, question.scope) as watcher:
        for event in answer(
            question,
            client=partial(chat_for, message, chosen.name),
            budget=budget_of,
            on_stream=watcher.watch,
            stopped=lambda: watcher.stopped,
        ):
            _time(message, event, time.monotonic() - begun)
            try:
                _record(message, event, watcher, branch, chosen)
            except NotRecorded as exc:
                logger.error("answer message=%s not recorded: %s", message.pk, exc.__cause__)
                _withhold(message)
                return


def _time(message: Message, event: Event, seconds: float) -> None:
    """Note when it was searched, when the prompt was ready and when the first words came, from the
    start of the work."""
    match event:
        case Searched():
            message.usage["searched_s"] = round(seconds, 3)
        case Prompted():
            message.usage["prompted_s"] = round(seconds, 3)
        case Written() if event.text:
            message.usage.setdefault("first_words_s", round(seconds, 3))


def budget_of(client: ChatClient) -> Budget:
    """Return the limits of a prompt for the served model."""
    window = settings.CHAT_WINDOW_TOKENS
    if not window:
        name = client.model_name()
        served = {model.name: model.window_tokens for model in client.models()}
        window = served.get(name) or UNKNOWN_WINDOW_TOKENS
    opened = settings.ANSWER_STYLE == "opened"
    return Budget(
        window,
        settings.PROMPT_TOKENS,
        settings.ANSWER_TOKENS,
        opened_lines=opened,
        fenced_handles=settings.FENCED_HANDLES and not opened,
        # A model that needs its lines opened for it is no judge of them, nor a better writer.
        checking=Checking() if opened else Checking(settings.DOUBTS, settings.REPAIR_TIME_LIMIT_S),
    )


def _record(
    message: Message, event: Event, watcher: _Watcher, branch: Branch, chosen: Chosen
) -> None:
    match event:
        case Searched():
            message.query = event.query
            message.receipt = _receipt(message, event)
            _save(message, "query", "receipt")
            role = MessageEvidence.Role.NEAR if event.is_near_miss else MessageEvidence.Role.FOUND
            _link(message, event.evidence, role, anew=True)
        case Stepped():
            numbered = {step["number"]: step for step in message.steps}
            numbered[event.step.number] = event.step.to_json()
            message.steps = [numbered[number] for number in sorted(numbered)]
            _save(message, "steps")
        case Prompted():
            message.state = Message.State.WRITING
            message.prompt = event.prompt
            behind = _behind(branch.places(recalled_in(event.prompt)), chosen)
            message.receipt = {"behind": behind, "adapter": chosen.name}
            message.receipt = _receipt(message, event)
            with transaction.atomic():  # whoever looks sees both or neither
                _save(message, "state", "receipt", "prompt")
                _link(message, event.evidence, MessageEvidence.Role.IN_PROMPT, anew=True)
                _link(message, event.left_out, MessageEvidence.Role.LEFT_OUT)
        case Written():
            is_first = bool(event.text) and not message.text.strip()
            message.text += event.text
            if event.is_last or watcher.is_due():
                _save(message, "text", "checks", loudly=is_first or event.is_last)
                watcher.put_off()
        case Judged():  # written down with the text, a few times a second
            checks.extend(message.checks, event.judgements)
        case Answered():
            _finish(message, event, stopped=watcher.stopped)


def _receipt(message: Message, event: Searched | Prompted | Answered) -> dict[str, object]:
    kept = {"behind": [], "adapter": ""} | message.receipt
    return {**event.receipt.to_json(), "behind": kept["behind"], "adapter": kept["adapter"]}


def _behind(places: list[Place], chosen: Chosen) -> list[Place]:
    """Return what an answer rests on: earlier turns, and all that its adapter learned from."""
    return [*places, *((source_id, WHOLE) for source_id in sorted(chosen.source_ids))]


def _withhold(message: Message) -> None:
    """Keep nothing of an answer that could not be recorded."""
    message.text, message.patches, message.checks, message.prompt = "", [], {}, {}
    message.state = Message.State.FAILED
    message.error = "The answer could not be recorded, so it was not kept. Ask again."
    if _save(message, "text", "patches", "checks", "prompt", "state", "error"):
        message.evidence_links.all().delete()


@transaction.atomic
def _finish(message: Message, end: Answered, *, stopped: bool) -> None:
    _link(message, end.compiled.cited, MessageEvidence.Role.CITED)
    message.text = end.text
    message.patches = list(end.patches)
    message.struck = end.compiled.struck
    message.checks = checks.to_json(end.compiled.judgements, end.compiled.unknown)
    message.receipt = _receipt(message, end)
    message.not_found = end.not_found
    message.error = end.error
    message.seconds = end.seconds
    if end.usage:
        message.usage |= {
            "prompt_tokens": end.usage.prompt_tokens,
            "completion_tokens": end.usage.completion_tokens,
        }
    if stopped:
        message.state = Message.State.STOPPED
    elif end.error and not end.text:
        message.state = Message.State.FAILED
    else:
        message.state = Message.State.DONE
    is_ours = _save(
        message, "text", "patches", "struck", "checks", "receipt", "not_found", "error", "seconds",
        "usage", "state", loudly=True,
    )  # fmt: skip
    if is_ours:
        _record_answered(message, cited=len(end.compiled.cited))
    count_answer(message)
    counts = checks.counted(end.compiled.judgements)
    logger.info(
        "answer message=%s state=%s evidence=%s cited=%s made=%s moved=%s struck=%s"
        " supported=%s unsupported=%s unknown=%s seconds=%.1f",
        message.pk,
        message.state,
        message.evidence_links.count(),
        len(end.compiled.cited),
        counts.made,
        counts.moved,
        counts.struck,
        counts.supported,
        counts.unsupported,
        len(end.compiled.unknown),
        end.seconds,
    )


def _record_answered(message: Message, *, cited: int) -> None:
    details = {
        "person": message.thread.owner.get_username(),
        "thread": str(message.thread_id),
        "state": message.state,
        "not_found": message.not_found,
        "cited": cited,
        "model": message.receipt.get("adapter") or _base_model(),
    }
    target = Target("message", str(message.pk))
    outcome = Outcome.FAILED if message.state == Message.State.FAILED else Outcome.DONE
    record(Action.ANSWERED, actor=APPLIANCE, target=target, outcome=outcome, details=details)


def _base_model() -> str:
    """Return the name of the model of the settings, once a server has told it; empty without one."""
    try:
        return clients.chat().model or ""
    except (ModelNotConfigured, ValueError):
        return ""


def _save(message: Message, *fields: str, loudly: bool = False) -> bool:
    """Write fields and wake who follows; a thread that was deleted meanwhile stays deleted. Return
    whether it is there."""
    values = {field: getattr(message, field) for field in fields}
    is_there = bool(_ours(message).update(**values, touched_at=timezone.now()))
    ring(message.pk, loudly=loudly)
    return is_there


def _ours(message: Message) -> QuerySet[Message]:
    """Return the row as long as no other worker has taken the answer up, or deleted it."""
    return Message.objects.filter(pk=message.pk, attempts=message.attempts)


@transaction.atomic
def _link(
    message: Message,
    evidence: tuple[EvidenceLines, ...],
    role: MessageEvidence.Role,
    *,
    anew: bool = False,
) -> None:
    """Write down what evidence did; `anew`, in place of all that was written down before."""
    if not _ours(message).select_for_update().exists():
        return  # deleted with its thread; the lock keeps it from going in the middle
    if anew:
        message.evidence_links.all().delete()
    link_evidence(message, evidence, role)


class _Watcher:
    """Looks for a stop from beside the stream, which may be silent for a minute on a CPU."""

    def __init__(self, message: Message, scope: Scope) -> None:
        self.message = message
        self.scope = scope  # of its owner, when it was begun
        self.stopped = False
        self.ended = threading.Event()
        self._stream: ChatStream | None = None
        self._next_flush = 0.0

    def watch(self, stream: ChatStream) -> None:
        self._stream = stream
        if self.stopped:
            stream.close()

    def is_due(self) -> bool:
        """Return whether the growing text should be written down now."""
        return time.monotonic() >= self._next_flush

    def put_off(self) -> None:
        """Note that the text has just been written down."""
        self._next_flush = time.monotonic() + FLUSH_S

    def run(self) -> None:
        messages = _ours(self.message)
        next_touch, next_ask = time.monotonic() + TOUCH_S, time.monotonic()
        try:
            while not self.ended.wait(WATCH_S):
                if time.monotonic() >= next_ask and not self.stopped:
                    stop_unless_allowed(self.message, self.scope)
                    next_ask = time.monotonic() + ASK_S
                # A deleted thread stops its answer too, and another worker that took it up.
                if messages.values_list("stop_asked", flat=True).first() is not False:
                    self.stopped = True
                    if self._stream is not None:
                        self._stream.close()
                        return
                if time.monotonic() >= next_touch:
                    messages.update(touched_at=timezone.now())
                    next_touch = time.monotonic() + TOUCH_S
        finally:
            connection.close()


@contextmanager
def _watching(message: Message, scope: Scope) -> Iterator[_Watcher]:
    watcher = _Watcher(message, scope)
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.ended.set()
        thread.join()
