"""Notes: what an answer came to, in a sentence or two, for the prompts of much later turns.

Each turn is noted once, from itself alone, so that a long thread costs no more per turn than a short
one and nothing drifts as in a summary of summaries. A branch recalls the notes of its own path; a
note is sealed with its answer.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.conf import settings

from appliance.conversations.checking.citations import without_markers
from appliance.conversations.models import Message
from appliance.conversations.paths import path_to
from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.salts import cache_salt
from appliance.conversations.timeboxes import written_within
from appliance.conversations.visible import visible
from appliance.conversations.waiting import chat_behind_people
from appliance.sources.access import scope_of
from inference.errors import InferenceError, ModelNotConfigured
from inference.protocol import ChatMessage, ChatRequest

logger = logging.getLogger(__name__)

VERBATIM = 2  # turns that are most likely in the next prompt word for word: no note is needed yet
AT_ONCE = 3  # notes that the model writes after one answer
NOTE_TOKENS = 96
NOTE_CHARACTERS = 400
QUESTION_CHARACTERS = 160
ANSWER_CHARACTERS = 220
READ_CHARACTERS = 6000  # of a question and of an answer that are noted
TIME_LIMIT_S = 20.0


def extract(question: str, answer: str) -> str:
    """Return a note in the turn's own words: how the question and its answer begin."""
    asked = _beginning(question, QUESTION_CHARACTERS)
    said = _beginning(without_markers(answer), ANSWER_CHARACTERS)
    return f"{asked} \u2192 {said}" if said else asked


def note_by_extract(turns: Sequence[tuple[Message, Message]]) -> None:
    """Give those of these turns a note that have none; it is never written again."""
    for question, answer in turns:
        if not answer.note:
            answer.note = extract(question.text, answer.text)
            Message.objects.filter(pk=answer.pk, note="").update(note=answer.note)


def turns_to_note(answer: Message) -> list[tuple[Message, Message]]:
    """Return the turns before this answer whose notes will soon be needed, and are not there.

    A model that needs its lines opened for it writes no notes: the extract is better.
    """
    if settings.ANSWER_STYLE == "opened":
        return []
    path = path_to(answer)
    pairs = list(zip(path[::2], path[1::2], strict=False))
    return [pair for pair in pairs[:-VERBATIM] if pair[1].text and not pair[1].note][-AT_ONCE:]


def note_by_model(answer: Message) -> int:
    """Have the model note those turns; return how many it noted."""
    noted = 0
    for question, answered in turns_to_note(answer):
        text = _written(question, answered)
        if text:
            noted += Message.objects.filter(pk=answered.pk, note="").update(note=text)
    return noted


def _written(question: Message, answer: Message) -> str:
    request = prompts.NOTE_REQUEST.format(
        question=question.text[:READ_CHARACTERS],
        answer=without_markers(answer.text)[:READ_CHARACTERS],
    )
    salt = cache_salt(scope_of(answer.thread.owner), key=settings.SECRET_KEY)
    try:
        stream = chat_behind_people().stream(
            ChatRequest(
                (ChatMessage("system", prompts.NOTE_SYSTEM), ChatMessage("user", request)),
                max_tokens=NOTE_TOKENS,
                cache_salt=salt,
            )
        )
        said = written_within(TIME_LIMIT_S, stream, lambda stream: None)
    except (InferenceError, ModelNotConfigured) as exc:
        logger.info("a turn was not noted: %s", exc)
        return ""
    return " ".join(visible(without_markers(said or "")).split())[:NOTE_CHARACTERS]


def _beginning(text: str, characters: int) -> str:
    joined = " ".join(text[: characters * 4].split())
    if len(joined) <= characters:
        return joined
    return joined[:characters].rsplit(" ", 1)[0] + " \u2026"
