"""From the messages that a client sends to a question in one of our threads.

Such a client sends the whole conversation each time. What it sends back of an answer is recognised
by a digest of all that was said until then: then the question follows on that answer. Anything
else begins a thread, so nothing is ever put into somebody's mouth.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.accounts.models import ApiToken, User
from appliance.conversations.access import sees_whole
from appliance.conversations.forms import LONGEST_QUESTION
from appliance.conversations.models import Message
from appliance.conversations.modes import AUTO, Mode
from appliance.web.api.asking import asked
from appliance.web.api.errors import Refused
from appliance.web.api.shapes import QuestionIn
from appliance.web.chat.shapes import ChatMessage, ChatRequest
from appliance.web.models import ChatTurn

NAME = "plumbline"
MODELS = {NAME: AUTO, **{f"{NAME}-{mode}": str(mode) for mode in Mode}}
SPOKEN = frozenset({"user", "assistant"})

Said = tuple[tuple[str, str], ...]  # who said what


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer that is to come, and what was said until its question."""

    message: Message
    said: Said


def begin(token: ApiToken, request: ChatRequest) -> Begun:
    """Ask the last message, in the thread that the earlier ones come from."""
    mode = mode_of(request.model)
    said = tuple((one.role, _text(one)) for one in request.messages if one.role in SPOKEN)
    if request.messages[-1].role != "user" or not said[-1][1].strip():
        raise Refused(400, "messages: the last one must be a question of the user.", code="invalid")
    question = said[-1][1]
    if len(question) > LONGEST_QUESTION:
        raise Refused(
            400,
            f"messages: a question has at most {LONGEST_QUESTION:,} letters."
            " Name files instead of pasting them: they are found in the sources.",
            code="context_length_exceeded",
        )
    before = _answer_after(token, said[:-1])
    wish = QuestionIn(question=question, mode=mode, ref=None)
    message = asked(token, wish, thread=before.thread if before else None, after=before)
    return Begun(message, said)


def mode_of(model: str) -> str:
    """Return the mode that a model's name stands for, or refuse it."""
    if model not in MODELS:
        raise Refused(
            404,
            f"There is no model {model!r}. There are {', '.join(MODELS)}.",
            code="model_not_found",
        )
    return MODELS[model]


def _text(message: ChatMessage) -> str:
    if not isinstance(message.content, list):
        return message.content or ""
    if others := {part.type for part in message.content} - {"text", "input_text", "refusal"}:
        raise Refused(
            400,
            f"messages: only text is read here, and not {', '.join(sorted(others))[:100]}.",
            code="unsupported_content",
        )
    return "\n".join(part.text for part in message.content)


def _answer_after(token: ApiToken, said: Said) -> Message | None:
    """Return the answer with which this conversation ends, when it is one of ours and the token may
    go on with its thread."""
    if not said or said[-1][0] != "assistant":
        return None
    user = token.user
    turns = ChatTurn.objects.filter(user=user, digest=digest_of(said), message__thread__owner=user)
    turn = turns.select_related("message__thread").order_by("-pk").first()
    return turn.message if turn and sees_whole(token, turn.message.thread) else None


def remember(user: User, begun: Begun, content: str) -> None:
    """Note by what a client may come back to this answer."""
    said = (*begun.said, ("assistant", content))
    ChatTurn.objects.create(user=user, digest=digest_of(said), message=begun.message)


def digest_of(said: Sequence[tuple[str, str]]) -> str:
    told = json.dumps([(role, " ".join(text.split())) for role, text in said])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
