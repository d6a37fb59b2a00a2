"""One pass in which the model writes its answer again without the names that occur nowhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.prompting.packing import PackedPrompt
from appliance.conversations.timeboxes import OnStream, written_within
from appliance.conversations.visible import visible
from inference.client import ChatClient
from inference.errors import InferenceError
from inference.protocol import ChatMessage, ChatRequest

logger = logging.getLogger(__name__)

MOST_NAMES = 12


def written_again(
    text: str,
    unknown: Sequence[str],
    packed: PackedPrompt,
    client: ChatClient,
    budget: Budget,
    on_stream: OnStream,
    cache_salt: str | None,
) -> str | None:
    """Return the new answer; None when it does not fit, fails, or takes longer than it may."""
    names = ", ".join(f"`{name}`" for name in unknown[:MOST_NAMES])
    messages = (
        *packed.messages,
        ChatMessage("assistant", text),
        ChatMessage("user", prompts.REPAIR_REQUEST.format(names=names)),
    )
    try:
        room = budget.window_tokens - client.count_tokens(messages)
        wanted = min(budget.answer_tokens, client.count_text_tokens(text) * 3 // 2 + 32)
        if room < wanted:
            return None
        request = ChatRequest(
            messages=messages,
            max_tokens=wanted,
            cache_salt=cache_salt,
            handles=tuple(p.handle for p in packed.evidence) if budget.fenced_handles else (),
        )
        said = written_within(budget.checking.repair_s, client.stream(request), on_stream)
    except InferenceError as exc:
        logger.warning("an answer was not repaired: %s", exc)
        return None
    return visible(said) if said and said.strip() else None
