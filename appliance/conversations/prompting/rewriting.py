"""A follow-up becomes a query that can be understood alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing

from appliance.conversations.checking.citations import without_markers
from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.conversation import EarlierTurn
from appliance.conversations.timeboxes import OnStream
from inference.client import ChatClient
from inference.errors import InferenceError
from inference.protocol import ChatDelta, ChatMessage, ChatRequest
from inference.streaming import ChatStream

logger = logging.getLogger(__name__)

TURNS_LOOKED_AT = 2
ANSWER_CHARACTERS = 400
QUERY_TOKENS = 64
LONGEST_QUERY = 400


def standalone_query(
    question: str,
    turns: Sequence[EarlierTurn],
    client: ChatClient | None,
    on_stream: OnStream = lambda stream: None,
    *,
    cache_salt: str | None = None,
) -> tuple[str, bool]:
    """Return what to search for, and whether it is not simply the question.

    Without earlier turns the question stands alone. A model that does not answer, or answers
    with something that is no question, leaves the question before it joined to this one: words
    of both are looked for.
    """
    if not turns:
        return question, False
    joined = f"{turns[-1].question}\n{question}"
    if client is None:
        return joined, True
    try:
        written = _written(client.stream(_request(question, turns, cache_salt)), on_stream)
    except InferenceError as exc:
        logger.warning("rewriting failed: %s", exc)
        return joined, True
    rewritten = _first_line(written)
    if not rewritten or len(rewritten) > LONGEST_QUERY:
        return joined, True
    # The person's own words stay in the query: a small model drops the name that matters.
    return f"{rewritten}\n{question}", True


def _written(stream: ChatStream, on_stream: OnStream) -> str:
    on_stream(stream)
    with closing(stream):
        return "".join(event.text for event in stream if isinstance(event, ChatDelta))


def _request(question: str, turns: Sequence[EarlierTurn], cache_salt: str | None) -> ChatRequest:
    history = "\n".join(
        f"Question: {turn.question}\nAnswer: {_plain(turn.answer)}"
        for turn in turns[-TURNS_LOOKED_AT:]
    )
    request = prompts.REWRITE_REQUEST.format(history=history, question=question)
    return ChatRequest(
        messages=(ChatMessage("system", prompts.REWRITE_SYSTEM), ChatMessage("user", request)),
        max_tokens=QUERY_TOKENS,
        stop=("\n\n",),
        cache_salt=cache_salt,
    )


def _plain(answer: str) -> str:
    return without_markers(answer)[:ANSWER_CHARACTERS]


def _first_line(text: str) -> str:
    lines = [line.strip().strip('"') for line in text.strip().split("\n")]
    return lines[0] if lines else ""
