"""A message as one person sees it: what is not for them is taken out before any page is made of it.

What comes back is for showing and never saved.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from appliance.conversations.access import Reading, names_of
from appliance.conversations.models import Message

# Of a receipt: numbers that come from all that its owner's search looked at.
COUNTS = frozenset({"hits", "skipped", "skipped_by"})
UNFINISHED = "This answer is not complete."  # to others; its reason can name what they do not know


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the sources that a reader may be told of, and of those that they read whole."""

    readable: frozenset[str]
    whole: frozenset[str]


def names_for(reading: Reading) -> Names:
    names = names_of(reading.scope)
    whole = (name for pk, name in names.items() if pk in reading.scope.whole_source_ids)
    return Names(frozenset(names.values()), frozenset(whole))


def as_shown(message: Message, reading: Reading, names: Names) -> Message:
    """Return a message without what this reader may not see: of a sealed one nothing is left but
    its place in the thread, so that no page can show more by mistake."""
    if message.pk in reading.sealed:
        return _emptied(message)
    return message if reading.is_owner else _for_others(message, names)


def _emptied(message: Message) -> Message:
    return Message(
        pk=message.pk,
        thread_id=message.thread_id,
        parent_id=message.parent_id,
        role=message.role,
        state=message.state,
        created_at=message.created_at,
    )


def _for_others(message: Message, names: Names) -> Message:
    shown = copy(message)
    shown.source_names = [name for name in message.source_names if name in names.readable]
    shown.folders = [one for one in message.folders if one.partition(":")[0] in names.whole]
    shown.error = UNFINISHED if message.error else ""
    shown.wanted, shown.prompt = {}, {}
    searched = {source["name"] for source in message.receipt.get("sources", ())}
    left_out = set() if searched <= names.whole else COUNTS
    shown.receipt = {key: value for key, value in message.receipt.items() if key not in left_out}
    if searched:
        sources = message.receipt["sources"]
        shown.receipt["sources"] = [one for one in sources if one["name"] in names.readable]
    # Of a source without the ref nothing was searched: it is not among those above.
    if lacking := message.receipt.get("lacking"):
        shown.receipt["lacking"] = [name for name in lacking if name in names.readable]
    if message.is_open:
        # A step that is running has not told yet what it looks at.
        shown.steps, shown.patches = [], []
    return shown
