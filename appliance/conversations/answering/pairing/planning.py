"""Asks the model what to do next: held to a schema, in a bounded prompt, within seconds.

Whatever it says, this returns: a plan that can be carried out, or none. It is asked once more when
the first answer is no such plan; then what was found has to do.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.conversations.answering.pairing.ledger import Entry, Ledger
from appliance.conversations.answering.pairing.options import occurring
from appliance.conversations.answering.pairing.plans import (
    Action,
    Plan,
    PlanInvalid,
    read_plan,
    schema,
)
from appliance.conversations.answering.steps import Step
from appliance.conversations.answering.writing import Model
from appliance.conversations.checking.citations import without_markers
from appliance.conversations.prompting import pair_prompts
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.timeboxes import written_within
from inference.errors import InferenceError
from inference.protocol import ChatMessage, ChatRequest

logger = logging.getLogger(__name__)

PLAN_TOKENS = 160
PLAN_SECONDS = 30.0  # of one call; a CPU takes many of them to read the prompt
PROMPT_TOKENS = 3000  # what the ledger may fill a planner's prompt to, however large the window is
LONGEST_QUESTION = 2000  # letters: what to do next is seen in the first lines of a stack trace


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the planner is told, and what it may choose."""

    question: str
    ledger: Ledger
    steps: tuple[Step, ...]
    steps_left: int
    may_ask_back: bool
    may_write: bool = True

    @property
    def allowed(self) -> tuple[Action, ...]:
        left_out = {
            Action.ASK_BACK: not self.may_ask_back,
            Action.WRITE: not self.may_write,
        }
        return tuple(action for action in Action if not left_out.get(action))

    @property
    def done(self) -> set[str]:
        """Return the keys of what was done; the first step searched for the question itself."""
        return {Plan(Action.SEARCH, self.question).key, *(step.asked for step in self.steps[1:])}


def planned(
    situation: Situation, model: Model, *, seconds: float, cache_salt: str | None
) -> Plan | None:
    """Return what the model wants to be done next; None when it names nothing in time."""
    deadline = time.monotonic() + seconds
    try:
        limits = model.limits()
        if limits.opened_lines and len(situation.steps) == 1:
            # Left the choice, a model of half a billion parameters always has enough at once.
            situation = replace(situation, may_write=False)
        messages = _messages(situation, model, limits)
        for _ in range(2):
            said = _said(messages, situation, model, deadline, cache_salt)
            if said is None:
                return None
            try:
                return _read(said, situation)
            except PlanInvalid as exc:
                messages = (*messages[:2], *_refusal(said, str(exc)))
    except InferenceError as exc:
        logger.warning("no further step was planned: %s", exc)
    return None


def _said(
    messages: Sequence[ChatMessage],
    situation: Situation,
    model: Model,
    deadline: float,
    cache_salt: str | None,
) -> str | None:
    seconds = min(PLAN_SECONDS, deadline - time.monotonic())
    if seconds <= 0 or model.stopped():
        return None
    request = ChatRequest(
        messages=tuple(messages),
        max_tokens=PLAN_TOKENS,
        cache_salt=cache_salt,
        schema=schema(situation.allowed),
    )
    return written_within(seconds, model.client.stream(request), model.on_stream)


def _read(said: str, situation: Situation) -> Plan:
    plan = read_plan(said, allowed=situation.allowed, done=situation.done)
    if plan.action is not Action.ASK_BACK:
        return plan
    if not re.search(r"\w", without_markers(plan.text)):
        raise PlanInvalid("That is no question.")
    if plan.text.lower() in situation.question.lower():
        raise PlanInvalid("That is what the person asked.")
    return Plan(plan.action, plan.text, options=occurring(plan.options, situation.ledger))


def _refusal(said: str, reason: str) -> tuple[ChatMessage, ChatMessage]:
    asked = pair_prompts.REFUSED.format(reason=reason, next=pair_prompts.NEXT)
    return ChatMessage("assistant", said[:PLAN_TOKENS]), ChatMessage("user", asked)


def _messages(situation: Situation, model: Model, limits: Budget) -> tuple[ChatMessage, ...]:
    """Return a prompt that fits; of the ledger the weakest places yield first."""
    room = min(PROMPT_TOKENS, limits.window_tokens - 4 * PLAN_TOKENS)
    shown = situation.ledger.best_first()
    while True:
        messages = _with_places(situation, shown)
        tokens = model.client.count_tokens(messages)
        if tokens <= room or not shown:
            return messages
        shown = shown[: min(len(shown) - 1, int(len(shown) * room / tokens))]


def _with_places(situation: Situation, shown: Sequence[Entry]) -> tuple[ChatMessage, ...]:
    in_order = sorted(shown, key=lambda entry: entry.number)  # the prompt's start stays the same
    request = pair_prompts.plan_request(
        situation.question[:LONGEST_QUESTION],
        [str(entry) for entry in in_order],
        [f"{step.title}: {step.detail}" for step in situation.steps],
        situation.steps_left,
    )
    system = pair_prompts.plan_system(may_ask_back=situation.may_ask_back)
    return ChatMessage("system", system), ChatMessage("user", request)
