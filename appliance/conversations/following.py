"""One answer before one reader, look by look: access is decided at each, and what does not change
while the answer is written is read once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.template.loader import render_to_string

from appliance.accounts.models import User
from appliance.conversations.access import (
    Reading,
    get_message_for_reader,
    messages_for_reader,
    reading_of_message,
    sealed_for_owner,
)
from appliance.conversations.models import Message
from appliance.conversations.rendering import with_evidence
from appliance.conversations.showing import record_turns
from appliance.conversations.trees import Tree
from appliance.conversations.turns import Turn, turn_of
from appliance.sources.access import scope_of

# What of an answer changes while its text is written, and what tells that more than this changed.
GROWS = ("text", "checks", "state", "error", "stop_asked", "is_pinned")
STANDS = ("attempts", "steps", "patches", "receipt", "prompt", "not_found")


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer that is being written, with its evidence, and the place of both in its thread."""

    message: Message
    tree: Tree

    def is_current(self, user: User) -> bool:
        """Read what has grown, as far as this reader may; return whether the rest still stands."""
        before = [getattr(self.message, name) for name in STANDS]
        readable = messages_for_reader(user)
        self.message.refresh_from_db(fields=[*GROWS, *STANDS], from_queryset=readable)
        after = [getattr(self.message, name) for name in STANDS]
        return before == after and self.message.state == Message.State.WRITING

    def reading(self, user: User) -> Reading:
        scope = scope_of(user)
        sealed = sealed_for_owner(self.tree.nodes, scope)
        return Reading(self.message.thread, self.tree, True, scope, sealed)


class Follower:
    """Renders an answer for its reader whenever the stream asks."""

    def __init__(self, user_id: int, message_id: UUID, csrf_token: str) -> None:
        self._user_id = user_id
        self._message_id = message_id
        self._csrf_token = csrf_token
        self._held: _Held | None = None
        self._recorded: list[tuple[str, str, str, int]] = []

    def render(self) -> tuple[str, bool]:
        """Return the answer as HTML for the reader as they are now, and whether it goes on.

        Raises Http404, User.DoesNotExist or Message.DoesNotExist for who may not look any more.
        """
        user = User.objects.get(pk=self._user_id, is_active=True)
        turn = self._turn(user)
        message = turn.message
        places = [(one.source, one.path, one.commit, one.start_line) for one in turn.evidence]
        if places != self._recorded:  # the audit asks what was recorded before: not at each look
            record_turns(user, [turn])
            self._recorded = places
        context = {
            "message": message,
            "rendered": turn.rendered,
            "evidence": turn.evidence,
            "wait": turn.wait,
            "csrf_token": self._csrf_token,
            "is_owner": message.thread.owner_id == user.pk,
        }
        return render_to_string("conversations/_answer.html", context), message.is_open

    def _turn(self, user: User) -> Turn:
        held = self._held
        if held is not None and held.is_current(user):
            return turn_of(held.message, held.reading(user))
        message = get_message_for_reader(user, self._message_id)
        reading = reading_of_message(user, message)
        self._held = _held(message, reading)
        return turn_of(self._held.message if self._held else message, reading)


def _held(message: Message, reading: Reading) -> _Held | None:
    """Hold an answer that is being written for its owner, once all its evidence is there.

    For others it depends on the whole thread what they see: that is read each time.
    """
    is_whole = all(node.is_complete for node in reading.tree.nodes)
    if message.state != Message.State.WRITING or not reading.is_owner or not is_whole:
        return None
    with_all = with_evidence(Message.objects.filter(pk=message.pk).select_related("thread__owner"))
    found = with_all.first()
    return _Held(found, reading.tree) if found else None
