"""Lets the model decide over the few sentences that no rule can: does what they cite show them?

Asked when the whole answer stands in the page, one word each, within a few seconds altogether.
What is not decided stays doubtful.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from appliance.conversations.checking.citations import without_markers
from appliance.conversations.checking.judging import Judgement
from appliance.conversations.checking.support import Verdict
from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.timeboxes import OnStream, written_within
from inference.client import ChatClient
from inference.errors import InferenceError
from inference.protocol import ChatMessage, ChatRequest

logger = logging.getLogger(__name__)

SECONDS = 6.0  # for all of them
MOST_LINES = 80
YES, NO = "yes", "no"


def settle(
    judgements: Sequence[Judgement],
    client: ChatClient,
    budget: Budget,
    on_stream: OnStream,
    cache_salt: str | None,
) -> list[Judgement]:
    """Return the judgements with the first doubtful ones decided, as far as time allows."""
    deadline = time.monotonic() + SECONDS
    left = budget.checking.doubts
    settled: list[Judgement] = []
    for judgement in judgements:
        seconds = deadline - time.monotonic()
        if judgement.verdict is Verdict.DOUBTFUL and left and seconds > 0:
            left -= 1
            request = _request(judgement, cache_salt)
            judgement = _decided(judgement, request, client, budget, seconds, on_stream)
        settled.append(judgement)
    return settled


def _decided(
    judgement: Judgement,
    request: ChatRequest,
    client: ChatClient,
    budget: Budget,
    seconds: float,
    on_stream: OnStream,
) -> Judgement:
    try:
        if client.count_tokens(request.messages) + request.max_tokens > budget.window_tokens:
            return judgement
        said = written_within(seconds, client.stream(request), on_stream)
    except InferenceError as exc:
        logger.warning("a doubt was not settled: %s", exc)
        return judgement
    if said == NO:
        return judgement.without_citations()
    return judgement.supported() if said == YES else judgement


def _request(judgement: Judgement, cache_salt: str | None) -> ChatRequest:
    pieces = [piece for one in judgement.citations for piece in one.pieces]
    lines = [line for piece in pieces for line in piece.text.split("\n")][:MOST_LINES]
    asked = prompts.DOUBT_REQUEST.format(
        place=", ".join(dict.fromkeys(piece.path for piece in pieces)),
        block=prompts.fenced(lines),
        sentence=without_markers(judgement.sentence.text).strip(),
    )
    return ChatRequest(
        messages=(ChatMessage("system", prompts.DOUBT_SYSTEM), ChatMessage("user", asked)),
        max_tokens=4,
        choice=(YES, NO),
        cache_salt=cache_salt,
    )
