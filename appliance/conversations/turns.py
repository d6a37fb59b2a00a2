"""The messages of a thread with everything that their templates show."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.conversations.models import Message, Thread
from appliance.conversations.paths import newest_leaf, path_to
from appliance.conversations.rendering import (
    CitationView,
    RenderedAnswer,
    render_answer,
)
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, or an answer as this reader may see it."""

    message: Message
    rendered: RenderedAnswer | None = None
    evidence: tuple[CitationView, ...] = ()


def turn_of(message: Message, scope: Scope) -> Turn:
    if message.role == Message.Role.QUESTION:
        return Turn(message)
    rendered = render_answer(message, scope)
    return Turn(message, rendered, rendered.evidence)


def turns_of(thread: Thread, scope: Scope) -> list[Turn]:
    """Return the turns on the path to the newest message, oldest first."""
    leaf = newest_leaf(thread)
    return [turn_of(message, scope) for message in path_to(leaf)] if leaf else []
