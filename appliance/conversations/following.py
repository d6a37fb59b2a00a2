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
    reading_of_message,
    sealed_for_owner,
)
from appliance.conversations.models import Message
from appliance.conversations.rendering import with_evidence
from appliance.conversations.showing import record_turns
from appliance.conversations.shown import Names, names_for
from appliance.conversations.trees import Tree
from appliance.conversations.turns import Turn, turn_of
from appliance.sources.access import scope_of

# What of an answer changes while its text is written, and what tells that more than this changed.
GROWS = ("text", "checks", "state", "error", "stop_asked", "is_pinned")
STANDS = ("attempts", "steps")


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer that is being written, before its owner, with its evidence and its place."""

    message: Message
    tree: Tree
    owner: User
    names: Names

    def is_current(self) -> bool:
        """Read what has grown, if its owner is still let in; return whether the rest still stands."""
        mine = Message.objects.filter(thread__owner=self.owner, thread__owner__is_active=True)
        fields = (*GROWS, *STANDS)
        values = mine.filter(pk=self.message.pk).values_list(*fields).first()
        if values is None:
            raise Message.DoesNotExist
        now = dict(zip(fields, values, strict=True))
        is_same = all(now[name] == getattr(self.message, name) for name in STANDS)
        for name in GROWS:
            setattr(self.message, name, now[name])
        return is_same and self.message.state == Message.State.WRITING

    def turn(self) -> Turn:
        """Return the answer as its owner may see it at this moment."""
        scope = scope_of(self.owner)
        sealed = sealed_for_owner(self.tree.nodes, scope)
        reading = Reading(self.message.thread, self.tree, True, scope, sealed)
        return turn_of(self.message, reading, self.names)


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
        user, turn = self._turn()
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

    def _turn(self) -> tuple[User, Turn]:
        held = self._held
        if held is not None and held.is_current():
            return held.owner, held.turn()
        user = User.objects.get(pk=self._user_id, is_active=True)
        message = get_message_for_reader(user, self._message_id)
        reading = reading_of_message(user, message)
        self._held = _held(message, reading, user)
        return user, turn_of(self._held.message if self._held else message, reading)


def _held(message: Message, reading: Reading, user: User) -> _Held | None:
    """Hold an answer that is being written for its owner, once all its evidence is there.

    For others it depends on the whole thread what they see: that is read each time.
    """
    is_whole = all(node.is_complete for node in reading.tree.nodes)
    if message.state != Message.State.WRITING or not reading.is_owner or not is_whole:
        return None
    with_all = with_evidence(Message.objects.filter(pk=message.pk).select_related("thread__owner"))
    found = with_all.first()
    return _Held(found, reading.tree, user, names_for(reading)) if found else None
