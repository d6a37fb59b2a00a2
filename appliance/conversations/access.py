"""Whose threads and messages one may open, and which of them are sealed for whom.

A thread is its owner's; with whom it is shared may read it, and nothing else. Of its messages
everybody, the owner too, sees only what rests on lines that they may read at this moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import ApiToken, User
from appliance.conversations.answering.fixing.patches import State
from appliance.conversations.models import Message, Thread, ThreadShare
from appliance.conversations.trees import WHOLE, Node, Place, Tree, nodes_of, trees_of
from appliance.sources.access import scope_of, scope_of_token, sources_in
from indexer.scope import Scope


def threads_of(user: User) -> QuerySet[Thread]:
    return Thread.objects.filter(owner=user)


def threads_shared_with(user: User) -> QuerySet[Thread]:
    """Return the threads of others that this person, or a group of theirs, was given to read."""
    shares = ThreadShare.objects.filter(Q(user=user) | Q(group__user=user))
    return Thread.objects.exclude(owner=user).filter(pk__in=shares.values("thread"))


def readable_threads(user: User) -> QuerySet[Thread]:
    """Return one's own threads and those that are shared with one."""
    return threads_of(user) | threads_shared_with(user)


def get_thread_for_user(user: User, thread_id: UUID) -> Thread:
    """Return the owner's thread, or answer 404 as if it did not exist."""
    return get_object_or_404(threads_of(user), pk=thread_id)


def get_shared_thread(user: User, thread_id: UUID) -> Thread:
    """Return the thread of somebody else that is shared with this person, or answer 404."""
    return get_object_or_404(threads_shared_with(user).select_related("owner"), pk=thread_id)


def get_thread_for_reader(user: User, thread_id: UUID) -> Thread:
    """Return the thread for its owner or who it is shared with, or answer 404."""
    return get_object_or_404(readable_threads(user).select_related("owner"), pk=thread_id)


def get_thread_for_token(token: ApiToken, thread_id: UUID) -> Thread:
    """Return a thread that a program may go on with or delete, or answer 404.

    A restricted one changes nothing of which it sees no more than that it is there.
    """
    thread = get_thread_for_user(token.user, thread_id)
    if not sees_whole(token, thread):
        raise Http404
    return thread


def sees_whole(token: ApiToken, thread: Thread) -> bool:
    """Return whether nothing of its person's thread is sealed for a restricted token; what is sealed
    for others is sealed for its person too."""
    return not token.is_restricted or not reading_of(token.user, thread, token).sealed


def get_message_for_user(user: User, message_id: UUID) -> Message:
    """Return the message of an own thread with it, or answer 404 as if it did not exist."""
    messages = Message.objects.filter(thread__owner=user).select_related("thread")
    return get_object_or_404(messages, pk=message_id)


def get_visible_message_for_user(user: User, message_id: UUID) -> Message:
    """Return a message of an own thread that is not sealed for its owner, or answer 404."""
    message = get_message_for_user(user, message_id)
    if is_sealed_for_owner(message, scope_of(user)):
        raise Http404
    return message


def messages_for_reader(user: User) -> QuerySet[Message]:
    """Return the messages of all threads that this person may open, sealed ones among them."""
    return Message.objects.filter(thread__in=readable_threads(user))


def get_message_for_reader(user: User, message_id: UUID) -> Message:
    """Return the message for the owner or a reader of its thread, or answer 404."""
    messages = messages_for_reader(user).select_related("thread__owner")
    return get_object_or_404(messages, pk=message_id)


def groups_to_share_with(user: User) -> QuerySet[Group]:
    """Return the groups that somebody may share with: their own, so that none other is named."""
    return Group.objects.filter(user=user).order_by("name")


def people_to_share_with(user: User, name: str = "") -> QuerySet[User]:
    """Return the other active people, or of them those in whose name these letters stand."""
    named = [
        Q(**{f"{field}__icontains": name}) for field in ("username", "first_name", "last_name")
    ]
    people = User.objects.filter(named[0] | named[1] | named[2], is_active=True)
    return people.exclude(pk=user.pk).order_by("username")


def scope_of_answer(message: Message) -> Scope:
    """Return what an answer is written from: what its thread's owner reads at this moment, or of
    that what the program reads which asked."""
    return scope_of_token(message.token) if message.token else scope_of(message.thread.owner)


def get_seen_message_for_reader(user: User, message_id: UUID) -> Message:
    """Return a message of a thread that somebody may open, and that is not sealed for them, or
    answer 404."""
    message = get_message_for_reader(user, message_id)
    if message.pk in reading_of(user, message.thread).sealed:
        raise Http404
    return message


def get_patch_for_reader(user: User, message_id: UUID, number: int) -> dict[str, Any]:
    """Return a patch of an answer, counted from 1, or answer 404 as if it did not exist.

    So it is for a sealed answer, and for a patch of which a check failed.
    """
    message = get_seen_message_for_reader(user, message_id)
    if message.is_open or not 1 <= number <= len(message.patches):
        raise Http404
    patch: dict[str, Any] = message.patches[number - 1]
    if patch["state"] == State.FAILED:
        raise Http404
    return patch


@dataclass(frozen=True, slots=True)
class Reading:
    """A thread before one person: what of it they see."""

    thread: Thread
    tree: Tree
    is_owner: bool
    scope: Scope
    sealed: frozenset[UUID]  # messages that they may not see


def reading_of(user: User, thread: Thread, token: ApiToken | None = None) -> Reading:
    return readings_of(user, [thread], token)[0]


def reading_of_message(user: User, message: Message, token: ApiToken | None = None) -> Reading:
    """Return what somebody sees of one message: for its owner, from that message alone.

    A stream asks this several times a second, however long the thread is.
    """
    if message.thread.owner_id != user.pk or (token and token.is_restricted):
        return reading_of(user, message.thread, token)
    scope = scope_of_token(token) if token else scope_of(user)
    tree = Tree(tuple(_node_of(message)))
    return Reading(message.thread, tree, True, scope, sealed_for_owner(tree.nodes, scope))


def readings_of(
    user: User, threads: Iterable[Thread], token: ApiToken | None = None
) -> list[Reading]:
    """Return what somebody sees of threads that they may open: for all of them, a few queries.

    By a token one sees no more than it reads. By a restricted one somebody sees their own threads
    as others of its scope would, or what they asked would tell of what it may not read.
    """
    threads = list(threads)
    scope = scope_of_token(token) if token else scope_of(user)
    trees = trees_of(Message.objects.filter(thread__in=[thread.pk for thread in threads]))
    readings = []
    for thread in threads:
        tree = trees.get(thread.pk, Tree())
        is_owner = thread.owner_id == user.pk and not (token and token.is_restricted)
        sealed = sealed_for_owner(tree.nodes, scope) if is_owner else sealed_for_others(tree, scope)
        readings.append(Reading(thread, tree, is_owner, scope, sealed))
    return readings


def sealed_for_owner(nodes: Iterable[Node], scope: Scope) -> frozenset[UUID]:
    """Return the answers that their owner may not see any more. What they asked stays theirs;
    what they copied from somebody else is not."""
    return frozenset(
        node.id
        for node in nodes
        if not _may_read(node, scope) and (node.is_copied or not node.is_question)
    )


def sealed_for_others(tree: Tree, scope: Scope) -> frozenset[UUID]:
    """Return what others than the owner may not see of a thread.

    People ask about what they have just read. So a question is sealed that was asked after an
    answer which is sealed, be it on another branch; and so is all that follows on it.
    """
    closed = {node.id for node in tree.nodes if not _may_read(node, scope)}
    first = min(
        (node.created_at for node in tree.nodes if node.id in closed and not node.is_question),
        default=None,
    )
    for node in tree.below():
        is_later = first is not None and node.is_question and node.created_at > first
        if is_later or node.parent_id in closed:
            closed.add(node.id)
    return frozenset(closed)


def is_sealed(message: Message, scope: Scope) -> bool:
    """Return whether a message rests on what this reader may not (or no longer) see.

    This is about the message alone: see `reading_of` for what others see of a thread.
    """
    return not any(_may_read(node, scope) for node in _node_of(message))


def is_sealed_for_owner(message: Message, scope: Scope) -> bool:
    return bool(sealed_for_owner(_node_of(message), scope))


def places_behind(message: Message) -> set[Place]:
    """Return the source and path of all that the message rests on.

    An earlier turn that stood in its prompt counts with everything that turn rested on: a
    follow-up says the same again in other words. So does what its steps and patches looked at.
    """
    return {place for node in _node_of(message) for place in node.places}


def names_of(scope: Scope) -> dict[int, str]:
    """Return the names of the sources that somebody may be told of, by id."""
    return dict(sources_in(scope).values_list("pk", "name"))


def _node_of(message: Message) -> list[Node]:
    """Return the message as it is stored; nothing when it was deleted meanwhile."""
    return nodes_of(Message.objects.filter(pk=message.pk))


def _may_read(node: Node, scope: Scope) -> bool:
    return node.is_complete and all(
        source_id in scope.whole_source_ids if path == WHOLE else scope.allows(source_id, path)
        for source_id, path in node.places
    )
