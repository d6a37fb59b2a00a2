"""The title of a thread, and what of it somebody sees with whom the thread is shared."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from appliance.accounts.models import User
from appliance.conversations.access import Reading, readings_of
from appliance.conversations.attaching import folded
from appliance.conversations.models import Message, Thread

TITLE_CHARACTERS = 80
NEUTRAL = "Shared thread"


def title_of(question: str) -> str:
    """Return the first line of a question, cut at a word; of one that is all attached, its names."""
    asked = folded(question)
    words = asked.words.strip() or ", ".join(one.name for one in asked.attachments)
    line = next((line.strip() for line in words.split("\n") if line.strip()), "Question")
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + " \u2026"


def shown_titles(readings: Iterable[Reading]) -> dict[UUID, str]:
    """Return the title of each thread as its reader may see it.

    An owner can write anything into a title after reading a sealed answer. So where something is
    sealed, others see a title only when it is that of a first question which they see as well.
    """
    readings = list(readings)
    doubtful = [one for one in readings if one.sealed and not one.is_owner]
    firsts = {
        node.id for one in doubtful for node in one.tree.children[None] if node.id not in one.sealed
    }
    rows = Message.objects.filter(pk__in=firsts).values_list("thread_id", "text")
    asked = {(thread_id, title_of(text)) for thread_id, text in rows} if firsts else set()
    hidden = {one.thread.pk for one in doubtful if (one.thread.pk, one.thread.title) not in asked}
    return {
        one.thread.pk: NEUTRAL if one.thread.pk in hidden else one.thread.title for one in readings
    }


def listed_titles(user: User, threads: Collection[Thread]) -> dict[UUID, str]:
    """Return what `shown_titles` does for threads that are shared with somebody, at less cost.

    The first question of a thread is never sealed, unless it was copied. Where that is the title,
    nobody has to look at what the answers rest on.
    """
    firsts = (
        Message.objects.filter(thread__in=threads, parent=None, receipt__behind__isnull=True)
        .order_by("thread", "created_at", "pk")
        .distinct("thread")
    )
    asked = {thread_id: title_of(text) for thread_id, text in firsts.values_list("thread", "text")}
    plain = {one.pk: one.title for one in threads if asked.get(one.pk) == one.title}
    others = [one for one in threads if one.pk not in plain]
    return plain | (shown_titles(readings_of(user, others)) if others else {})
