"""Finds threads by their titles and by what was asked and answered in them.

What somebody may not see never matches: neither the list nor its length tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from uuid import UUID

from django.db.models import Q, QuerySet

from appliance.accounts.models import User
from appliance.conversations.access import (
    readings_of,
    sealed_for_owner,
    threads_of,
    threads_shared_with,
)
from appliance.conversations.excerpts import Piece, excerpt_of, marked, plain
from appliance.conversations.models import Message, Thread
from appliance.conversations.titles import listed_titles
from appliance.conversations.trees import nodes_of
from appliance.sources.access import scope_of

WORDS = 8
MATCHES = 500  # messages, the newest first: of more the reader narrows the words


@dataclass(frozen=True, slots=True)
class Found:
    """A thread in which all the words stand: in its title, or in one message."""

    thread: Thread
    title: tuple[Piece, ...]
    is_shared: bool
    message_id: UUID | None = None
    excerpt: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class _Match:
    thread_id: UUID
    message_id: UUID
    excerpt: tuple[Piece, ...]


def find_threads(user: User, text: str) -> list[Found]:
    """Return the threads that this person may open in which every word stands, newest first."""
    words = text.split()[:WORDS]
    if not words:
        return []
    own = threads_of(user)
    shared = list(threads_shared_with(user))
    titles = listed_titles(user, shared)
    matches = {
        **_newest(_in_own(user, words), words),
        **_newest(_in_shared(user, shared, words), words),
    }
    by_title = own.filter(_all_words("title", words)).values_list("pk", flat=True)
    titled = set(by_title) | {pk for pk, title in titles.items() if _holds(title, words)}
    threads = Thread.objects.filter(pk__in=titled | matches.keys()).order_by("-updated_at", "pk")
    return [
        Found(
            thread=thread,
            title=marked(titles.get(thread.pk, thread.title), words),
            is_shared=thread.pk in titles,
            message_id=match.message_id if match else None,
            excerpt=match.excerpt if match else (),
        )
        for thread in threads
        for match in [matches.get(thread.pk)]
    ]


def _in_own(user: User, words: Sequence[str]) -> Iterable[tuple[UUID, UUID, str]]:
    found = _matching(Message.objects.filter(thread__owner=user), words)
    rows = list(found.values_list("pk", "thread_id", "text")[:MATCHES])
    nodes = nodes_of(Message.objects.filter(pk__in=[row[0] for row in rows]))
    sealed = sealed_for_owner(nodes, scope_of(user))
    return [row for row in rows if row[0] not in sealed]


def _in_shared(
    user: User, shared: Sequence[Thread], words: Sequence[str]
) -> Iterable[tuple[UUID, UUID, str]]:
    messages = Message.objects.filter(thread__in=shared)
    hit = set(_matching(messages, words).values_list("thread_id", flat=True))
    readings = readings_of(user, [one for one in shared if one.pk in hit])
    # What is sealed is left out before the limit: it must not push others off the list.
    unsealed = messages.exclude(pk__in={pk for one in readings for pk in one.sealed})
    return _matching(unsealed, words).values_list("pk", "thread_id", "text")[:MATCHES]


def _matching(messages: QuerySet[Message], words: Sequence[str]) -> QuerySet[Message]:
    return messages.filter(_all_words("text", words)).order_by("-created_at", "-pk")


def _all_words(field: str, words: Sequence[str]) -> Q:
    return reduce(and_, (Q(**{f"{field}__icontains": word}) for word in words))


def _newest(rows: Iterable[tuple[UUID, UUID, str]], words: Sequence[str]) -> dict[UUID, _Match]:
    """Return the newest match of each thread in what is shown of a message: without its markers."""
    newest: dict[UUID, _Match] = {}
    for message_id, thread_id, text in rows:
        if thread_id not in newest:
            shown = plain(text)
            if _holds(shown, words):
                newest[thread_id] = _Match(thread_id, message_id, excerpt_of(shown, words))
    return newest


def _holds(text: str, words: Sequence[str]) -> bool:
    return all(word.lower() in text.lower() for word in words)
