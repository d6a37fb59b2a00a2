"""Asks a judge model whether an answer is right: one word, at temperature 0, within a time."""

from __future__ import annotations

import logging
import secrets

from appliance.conversations.evaluating.asking import Given
from appliance.conversations.prompting import prompts
from appliance.conversations.timeboxes import written_within
from indexer import clients
from indexer.evaluation.golden import GoldenQuestion
from indexer.models import Document, Ref
from inference.client import ChatClient
from inference.errors import InferenceError
from inference.protocol import ChatMessage, ChatRequest

logger = logging.getLogger(__name__)

SECONDS = 30.0
MOST_LINES = 80
LONGEST_ANSWER = 8000  # characters
YES, NO = "yes", "no"


def judged(given: Given) -> bool | None:
    """Return what the judge says; None when there is none, nothing to judge, or no answer in time."""
    client = clients.judge()
    if client is None or not given.text or not given.question.is_answerable:
        return None
    said = _said(client, given)
    return {YES: True, NO: False}.get(said or "")


def _said(client: ChatClient, given: Given) -> str | None:
    request = ChatRequest(
        messages=(
            ChatMessage("system", prompts.JUDGE_SYSTEM),
            ChatMessage("user", _asked(given)),
        ),
        max_tokens=4,
        temperature=0.0,
        choice=(YES, NO),
        cache_salt=secrets.token_hex(32),  # what is judged is of different permissions
    )
    try:
        said = written_within(SECONDS, client.stream(request), lambda stream: None)
    except InferenceError as exc:
        logger.warning("the judge did not answer: %s", exc)
        return None
    return said.strip().lower() if said else None


def _asked(given: Given) -> str:
    facts = [" or ".join(choices) for choices in given.question.facts]
    return prompts.JUDGE_REQUEST.format(
        question=given.question.golden.query,
        facts="\n".join(f"- {fact}" for fact in facts) or "- (none are listed)",
        lines=prompts.fenced(_gold_lines(given.question.golden)),
        answer=prompts.fenced(given.text[:LONGEST_ANSWER].split("\n")),
    )


def _gold_lines(golden: GoldenQuestion) -> list[str]:
    """Return the lines that answer the question, as far as they are stored."""
    lines: list[str] = []
    defaults = list(Ref.objects.filter(is_default=True).values_list("pk", flat=True))
    for gold in golden.gold:
        documents = Document.objects.filter(path=gold.path, refs__overlap=defaults)
        if golden.source:
            documents = documents.filter(source__name=golden.source)
        text = documents.values_list("blob__text", flat=True).first() or ""
        lines += gold.span.lines_of(text) if gold.span else text.split("\n")
    return lines[:MOST_LINES]
