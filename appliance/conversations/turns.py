"""The messages of a thread with everything that their templates show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from appliance.conversations.access import Reading
from appliance.conversations.excerpts import first_words
from appliance.conversations.living.reading import LivingAnswer, living_answers
from appliance.conversations.models import Message
from appliance.conversations.rendering import (
    SEALED,
    CitationView,
    RenderedAnswer,
    render_unsealed,
    with_evidence,
)
from appliance.conversations.shown import Names, as_shown, names_for
from appliance.conversations.trees import Fork, Node
from appliance.conversations.waits import Wait, waits_of


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, or an answer, as this reader may see it."""

    message: Message
    is_sealed: bool
    rendered: RenderedAnswer | None = None
    evidence: tuple[CitationView, ...] = ()
    fork: Fork | None = None
    wait: Wait | None = None  # of an answer that waits


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned message, by its first words."""

    message_id: UUID
    role: str
    words: str


def turn_of(message: Message, reading: Reading, names: Names | None = None) -> Turn:
    """Return one message; `names` of the sources that its reader may be told of, when known."""
    [turn] = _turns([message], reading, names)
    return turn


def turns_on(path: Sequence[Node], reading: Reading) -> list[Turn]:
    """Return the turns of a path: the same few queries for two messages as for two hundred."""
    messages = with_evidence(Message.objects.filter(pk__in=[node.id for node in path]))
    by_id = {message.pk: message for message in messages}
    # One that was deleted since the tree was read is left out.
    return _turns([by_id[node.id] for node in path if node.id in by_id], reading)


def pins_of(reading: Reading) -> list[Pin]:
    """Return the pinned messages of all branches that this reader may see, oldest first."""
    pinned = Message.objects.filter(thread=reading.thread, is_pinned=True)
    rows = pinned.values_list("pk", "role", "text")
    return [
        Pin(message_id, role, first_words(text))
        for message_id, role, text in rows
        if message_id not in reading.sealed
    ]


def _turns(messages: Sequence[Message], reading: Reading, names: Names | None = None) -> list[Turn]:
    names = names or names_for(reading)
    seen = [message for message in messages if message.pk not in reading.sealed]
    # What is being written cites what stands there now.
    living = living_answers([one for one in seen if not one.is_open], reading.scope)
    waits = waits_of(message.pk for message in seen if message.state == Message.State.QUEUED)
    turns = [_turn(one, reading, names, living.get(one.pk, LivingAnswer())) for one in messages]
    return [replace(turn, wait=waits.get(turn.message.pk)) for turn in turns]


def _turn(message: Message, reading: Reading, names: Names, living: LivingAnswer) -> Turn:
    is_sealed = message.pk in reading.sealed
    shown = as_shown(message, reading, names)
    node = reading.tree.find(message.pk)
    fork = reading.tree.fork_at(node) if node else None
    if message.role == Message.Role.QUESTION:
        return Turn(shown, is_sealed, fork=fork)
    rendered = SEALED if is_sealed else render_unsealed(shown, names.readable, living)
    return Turn(shown, is_sealed, rendered, rendered.evidence, fork)
