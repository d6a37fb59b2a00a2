"""From what was found to a written and checked answer: the end of every mode."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from appliance.conversations.answering.events import (
    Answered,
    Event,
    Judged,
    Prompted,
    Question,
    Written,
)
from appliance.conversations.answering.receipts import Receipt
from appliance.conversations.answering.wanting import with_wanted
from appliance.conversations.checking.citations import compile_judged
from appliance.conversations.checking.finishing import Checked, Checker, checked
from appliance.conversations.checking.judging import Judgement, Judging
from appliance.conversations.evidence import Documents, EvidenceLines
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.prompting.conversation import Asked
from appliance.conversations.prompting.packing import PackedPrompt, QuestionTooLong, pack
from appliance.conversations.prompting.prompts import ANSWERING, Style
from appliance.conversations.timeboxes import OnStream
from appliance.conversations.visible import visible
from indexer.retrieval.hits import Hit
from inference.client import ChatClient
from inference.errors import InferenceError
from inference.grammars import opened_lines
from inference.protocol import ChatDelta, ChatEnd, ChatRequest, Usage
from inference.streaming import ChatStream


@dataclass(frozen=True, slots=True)
class Model:
    """The served model with what one answer may take of it.

    `on_stream` is given each open stream, so that another thread can close it; what goes on between
    two streams looks at `stopped`.
    """

    client: ChatClient
    budget: Callable[[ChatClient], Budget]
    on_stream: OnStream
    stopped: Callable[[], bool] = lambda: False  # whether the person has had enough

    def limits(self) -> Budget:
        """Return the limits of a prompt; may ask the server, and raises InferenceError as it does."""
        return self.budget(self.client)


def write(
    question: Question,
    hits: Sequence[Hit],
    receipt: Receipt,
    model: Model,
    style: Style = ANSWERING,
) -> Generator[Event, None, Answered]:
    """Pack what was found, ask the model in a style, and check what it wrote."""
    written = _Written()
    judging: Judging | None = None
    checker: Checker | None = None
    try:
        limits = model.limits()
        hits = with_wanted(question, hits)
        packed = pack(
            _asked(question, limits),
            hits,
            client=model.client,
            budget=limits,
            style=style,
            document_of=Documents(frozenset(hit.blob_id for hit in hits)),
        )
        receipt = replace(
            receipt,
            given=len(packed.evidence),
            prompt_tokens=packed.tokens,
            window_tokens=limits.window_tokens,
        )
        checker = _checker(question, packed, model, limits)
        judging = Judging(checker.offered, checker.document_of)
        yield Prompted(packed.evidence, receipt, packed.to_json(), packed.left_out)
        stream = model.client.stream(_request(packed, limits, question.cache_salt))
        model.on_stream(stream)
        yield from _followed(stream, judging, written)
    except InferenceError as exc:
        written.error = _failure(exc, written.text)
    except QuestionTooLong as exc:
        written.error = str(exc)
    end = Checked("", compile_judged(()))
    if checker is not None and judging is not None:
        yield from _judged(judging.finish(), written)
        yield Written("", is_last=True)  # the checks take their time: what there is is shown before
        # Of an answer that broke off or was stopped nothing more is asked of the model.
        last = checker if written.has_ended else checker.without_model()
        end = checked(written.text, written.judgements, last)
    receipt = replace(receipt, struck=end.compiled.struck, repaired=end.repaired)
    return Answered(
        end.text,
        end.compiled,
        receipt,
        offered=checker.packed.evidence if checker else (),
        error=written.error,
        usage=written.usage,
    )


@dataclass(slots=True)
class _Written:
    """What has come of an answer."""

    text: str = ""
    judgements: list[Judgement] = field(default_factory=list)
    usage: Usage | None = None
    error: str = ""
    has_ended: bool = False  # as the model ended it


def _followed(stream: ChatStream, judging: Judging, written: _Written) -> Iterator[Event]:
    """Hand on what is written, and each sentence's judgement when it has ended."""
    with closing(stream):
        for event in stream:
            if isinstance(event, ChatDelta):
                piece = visible(event.text, after=written.text)
                written.text += piece
                yield Written(piece)
                yield from _judged(judging.feed(piece), written)
            else:
                written.usage, written.error = event.usage, _ending(event, written.text)
                written.has_ended = event.finish_reason == "stop"


def _judged(judgements: list[Judgement], written: _Written) -> Iterator[Judged]:
    if judgements:
        written.judgements += judgements
        yield Judged(tuple(judgements))


def _checker(question: Question, packed: PackedPrompt, model: Model, limits: Budget) -> Checker:
    return Checker(
        packed=packed,
        asked=(question.text, *(turn.question for turn in question.turns)),
        scope=question.scope,
        refs=(question.ref,) if question.ref else (),
        # Read anew: what is cited is compared with what is stored when the answer is written.
        document_of=Documents(frozenset(piece.blob_id for piece in packed.evidence)),
        client=model.client,
        budget=limits,
        on_stream=model.on_stream,
        cache_salt=question.cache_salt,
    )


def _asked(question: Question, limits: Budget) -> Asked:
    if not limits.opened_lines:
        return Asked(question.text, question.turns, question.pinned)
    before = question.turns[-1] if question.turns else None
    return Asked(question.text, (), question.pinned, before)


def _request(packed: PackedPrompt, limits: Budget, cache_salt: str | None) -> ChatRequest:
    room = limits.window_tokens - packed.tokens
    return ChatRequest(
        messages=packed.messages,
        max_tokens=max(1, min(limits.answer_tokens, room)),
        cache_salt=cache_salt,
        grammar=opened_lines(map(_opening, packed.evidence)) if limits.opened_lines else None,
        handles=tuple(piece.handle for piece in packed.evidence) if limits.fenced_handles else (),
    )


def _opening(piece: EvidenceLines) -> str:
    """Return how a line of a small model's answer may begin: what it is about, then its handle."""
    name = f"`{piece.symbol}` in {piece.path}" if piece.symbol else piece.path
    return f"{name} [{piece.handle}]"


def _failure(exc: InferenceError, text: str) -> str:
    reason = str(exc).rstrip(".")
    if text:
        return f"The answer breaks off here: {reason}. Ask again."
    return f"The model does not answer: {reason}. Below is what the search found."


def _ending(end: ChatEnd, text: str) -> str:
    if not text.strip():
        return "The model wrote nothing. Below is what the search found."
    if end.finish_reason == "length":
        return "The answer reached its length limit and ends here. Ask for the rest."
    return ""
