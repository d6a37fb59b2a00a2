"""The ask flow: question -> what its mode finds -> prompt -> streamed answer -> checks.

Values in, events out: it stores nothing, so the page, the worker and the command line share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from functools import cache

from appliance.conversations.answering.events import Answered, Event, Question, Searched
from appliance.conversations.answering.fixing.fix import answer_fix
from appliance.conversations.answering.once import answer_once
from appliance.conversations.answering.pairing.paired import answer_paired
from appliance.conversations.answering.receipts import Receipt
from appliance.conversations.answering.writing import Model
from appliance.conversations.checking.citations import compile_judged
from appliance.conversations.modes import Mode
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.timeboxes import OnStream
from appliance.sources.asof import AsOf, as_of
from inference.client import ChatClient
from inference.errors import ModelNotConfigured

Answering = Callable[[Question, AsOf, Model | None], Generator[Event, None, Answered]]

# Each gets the model, or None when there is none: then it shows what it can find without.
ANSWERINGS: Mapping[Mode, Answering] = {
    Mode.ANSWER: answer_once,
    Mode.PAIR: answer_paired,
    Mode.FIX: answer_fix,
}


def answer(
    question: Question,
    *,
    client: Callable[[], ChatClient],
    budget: Callable[[ChatClient], Budget],
    on_stream: OnStream = lambda stream: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Answer a question; the last event is always Answered, whatever goes wrong with the model.

    `client` raises ModelNotConfigured when there is none. `on_stream` is given the open stream,
    so that another thread can close it: what was written until then is the answer. `stopped` says
    the same to modes of several steps, between two streams.
    """
    started = time.monotonic()
    narrowing = as_of(question.scope, question.source_names, question.ref)
    if narrowing.is_unknown:
        yield from _without_ref(question, narrowing)
        return
    try:
        model, without = Model(client(), cache(budget), on_stream, stopped), ""
    except ModelNotConfigured as exc:
        model, without = None, f"{exc} Below is what the search found."
    end = yield from ANSWERINGS[question.mode](question, narrowing, model)
    if model is None and not end.not_found:
        end = replace(end, error=without)
    yield replace(end, seconds=round(time.monotonic() - started, 2))


def _without_ref(question: Question, narrowing: AsOf) -> Iterator[Event]:
    """Say that no source has the ref: nothing is searched, no model is asked."""
    receipt = Receipt(
        question.text, False, (), (), 0, 0, ref=question.ref, lacking=narrowing.lacking
    )
    yield Searched(question.text, (), receipt)
    yield Answered("", compile_judged(()), receipt, error=narrowing.sentence)
