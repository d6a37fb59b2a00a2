"""The ask flow: question -> standalone query -> hits -> prompt -> streamed answer -> checks.

Values in, events out: it stores nothing, so the page, the worker and the command line share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from appliance.conversations.citations import CompiledAnswer, compile_judged
from appliance.conversations.evidence import Documents, EvidenceLines
from appliance.conversations.experts import experts_for
from appliance.conversations.finishing import Checked, Checker, checked
from appliance.conversations.judging import Judgement, Judging
from appliance.conversations.packing import Budget, EarlierTurn, PackedPrompt, QuestionTooLong, pack
from appliance.conversations.receipts import Receipt, receipt_of
from appliance.conversations.relevance import is_answerable
from appliance.conversations.rewriting import standalone_query
from appliance.conversations.timeboxes import OnStream
from appliance.conversations.visible import visible
from appliance.sources.asof import AsOf, as_of
from indexer.retrieval.hits import Hit, SearchResult
from indexer.retrieval.search import search
from indexer.scope import Scope
from inference.client import ChatClient
from inference.errors import InferenceError, ModelNotConfigured
from inference.grammars import opened_lines
from inference.protocol import ChatDelta, ChatEnd, ChatRequest, Usage
from inference.streaming import ChatStream

HITS = 16
NEAREST = 3  # passages shown with "not found"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by whom it may be answered from, and what was said before."""

    text: str
    scope: Scope
    turns: tuple[EarlierTurn, ...] = ()
    source_names: tuple[str, ...] = ()
    ref: str = ""  # as of this branch or tag; empty: each source's default
    cache_salt: str | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """The search is done; these lines are what was found, or only near to it."""

    query: str
    evidence: tuple[EvidenceLines, ...]
    receipt: Receipt
    is_near_miss: bool = False


@dataclass(frozen=True, slots=True)
class Prompted:
    """The model has been given these lines and nothing else."""

    evidence: tuple[EvidenceLines, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Written:
    """A further piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """These sentences have ended and are judged; offsets are those of the answer so far."""

    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The end: the raw text, the compiled answer and what it took."""

    text: str
    compiled: CompiledAnswer
    receipt: Receipt
    offered: tuple[EvidenceLines, ...] = ()  # what stood in the prompt
    not_found: bool = False
    error: str = ""  # a sentence for the reader: why there is no answer, or not a whole one
    usage: Usage | None = None
    seconds: float = 0.0


Event = Searched | Prompted | Written | Judged | Answered


def answer(
    question: Question,
    *,
    client: Callable[[], ChatClient],
    budget: Callable[[ChatClient], Budget],
    on_stream: OnStream = lambda stream: None,
) -> Iterator[Event]:
    """Answer a question; the last event is always Answered, whatever goes wrong with the model.

    `client` raises ModelNotConfigured when there is none. `on_stream` is given the open stream,
    so that another thread can close it: what was written until then is the answer.
    """
    started = time.monotonic()
    narrowing = as_of(question.scope, question.source_names, question.ref)
    if narrowing.is_unknown:
        yield from _without_ref(question, narrowing)
        return
    model, model_error = _model(client)
    query, rewritten = standalone_query(
        question.text, question.turns, model, on_stream, cache_salt=question.cache_salt
    )
    result = search(
        query,
        scope=question.scope,
        source_names=question.source_names,
        refs=(question.ref,) if question.ref else (),
        limit=HITS,
    )
    receipt = receipt_of(
        question.scope,
        question.source_names,
        query,
        result,
        rewritten=rewritten,
        narrowing=narrowing,
    )
    found = is_answerable(query, result)
    if not found:
        result = replace(result, hits=result.hits[:NEAREST])
        receipt = replace(receipt, experts=experts_for(result.hits, question.scope))
    yield Searched(query, _as_evidence(result.hits), receipt, is_near_miss=not found)
    end = Answered("", compile_judged(()), receipt, not_found=not found)
    if found and model is None:
        end = replace(end, error=model_error)
    elif found and model is not None:
        end = yield from _write(question, result, receipt, model, budget, on_stream)
    yield replace(end, seconds=round(time.monotonic() - started, 2))


def _without_ref(question: Question, narrowing: AsOf) -> Iterator[Event]:
    """Say that no source has the ref: nothing is searched, no model is asked."""
    receipt = Receipt(
        question.text, False, (), (), 0, 0, ref=question.ref, lacking=narrowing.lacking
    )
    yield Searched(question.text, (), receipt)
    yield Answered("", compile_judged(()), receipt, error=narrowing.sentence)


def _model(client: Callable[[], ChatClient]) -> tuple[ChatClient | None, str]:
    try:
        return client(), ""
    except ModelNotConfigured as exc:
        return None, f"{exc} Below is what the search found."


def _write(
    question: Question,
    result: SearchResult,
    receipt: Receipt,
    client: ChatClient,
    budget: Callable[[ChatClient], Budget],
    on_stream: OnStream,
) -> Generator[Event, None, Answered]:
    """Pack, ask the model, and check what it wrote."""
    written = _Written()
    judging: Judging | None = None
    checker: Checker | None = None
    try:
        limits = budget(client)
        text_asked, turns = _asked(question, limits)
        packed = pack(text_asked, result.hits, turns, client=client, budget=limits)
        receipt = replace(
            receipt,
            given=len(packed.evidence),
            prompt_tokens=packed.tokens,
            window_tokens=limits.window_tokens,
        )
        checker = _checker(question, packed, client, limits, on_stream)
        judging = Judging(checker.offered, checker.document_of)
        yield Prompted(packed.evidence, receipt)
        stream = client.stream(_request(packed, limits, question.cache_salt))
        on_stream(stream)
        yield from _followed(stream, judging, written)
    except InferenceError as exc:
        written.error = _failure(exc, written.text)
    except QuestionTooLong as exc:
        written.error = str(exc)
    end = Checked("", compile_judged(()))
    if checker is not None and judging is not None:
        yield from _judged(judging.finish(), written)
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


def _checker(
    question: Question,
    packed: PackedPrompt,
    client: ChatClient,
    limits: Budget,
    on_stream: OnStream,
) -> Checker:
    return Checker(
        packed=packed,
        asked=(question.text, *(turn.question for turn in question.turns)),
        scope=question.scope,
        refs=(question.ref,) if question.ref else (),
        document_of=Documents(frozenset(piece.blob_id for piece in packed.evidence)),
        client=client,
        budget=limits,
        on_stream=on_stream,
        cache_salt=question.cache_salt,
    )


def _asked(question: Question, limits: Budget) -> tuple[str, tuple[EarlierTurn, ...]]:
    """Return the question and the turns before it as the prompt shows them.

    A small model copies an earlier answer that it sees; it gets the earlier question alone.
    """
    if not limits.opened_lines or not question.turns:
        return question.text, question.turns
    return f"{question.text} (Asked before: {question.turns[-1].question})", ()


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


def _as_evidence(hits: Sequence[Hit]) -> tuple[EvidenceLines, ...]:
    return tuple(
        EvidenceLines.from_hit(f"E{number}", hit) for number, hit in enumerate(hits, start=1)
    )
