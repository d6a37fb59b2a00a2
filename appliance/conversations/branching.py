"""What an owner does with single messages: answer again, pin, delete with all that follows."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

from django.db import transaction

from appliance.conversations.asking import answer_to, record_deleted
from appliance.conversations.models import Message
from appliance.conversations.trees import Node, Place, Tree, nodes_of
from appliance.conversations.wanted import Wanted

# Of a deleted source nothing is known but that it is gone: this place is in nobody's scope.
NOWHERE: Place = (0, "")


def answer_again(question: Message, *, like: Message, wanted: Wanted | None = None) -> Message:
    """Have a question answered once more, as `like` was, or with other files in its prompt; the
    answers so far stay beside it."""
    like = copy(like)
    if wanted is not None:
        like.wanted = wanted.to_json()
    with transaction.atomic():
        return answer_to(question, like=like)


def pin(message: Message, *, is_pinned: bool) -> None:
    Message.objects.filter(pk=message.pk).update(is_pinned=is_pinned)


def delete_branch(message: Message) -> bool:
    """Delete a message with all that follows on it; return whether the thread is left.

    A thread of which nothing is left goes too. Questions that were asked after a deleted answer,
    on another branch, may repeat it: they keep in mind what it rested on.
    """
    thread = message.thread
    with transaction.atomic():
        tree = Tree(tuple(nodes_of(Message.objects.filter(thread=thread))))
        deleted = tree.with_all_below(tree.by_id[message.pk])
        is_whole = len(deleted) == len(tree.nodes)
        record_deleted(thread, messages=len(deleted), is_whole=is_whole)
        if is_whole:
            thread.delete()
            return False
        gone = {node.id for node in deleted}
        _keep_in_mind([node for node in tree.nodes if node.id not in gone], deleted)
        # All at once: one by one along its parents, a long branch is deeper than Python recurses.
        Message.objects.filter(pk__in=gone).delete()
    return True


def _keep_in_mind(left: Iterable[Node], deleted: Iterable[Node]) -> None:
    answers = [node for node in deleted if not node.is_question]
    for node in left:
        seen = {
            place for one in answers if one.created_at < node.created_at for place in _places(one)
        }
        if node.is_question and seen:
            question = Message.objects.get(pk=node.id)
            question.receipt["behind"] = sorted(node.places | seen)
            question.save(update_fields=["receipt"])


def _places(node: Node) -> frozenset[Place]:
    """Return what a message rests on, with a place that nobody may read when part of it is gone."""
    return node.places if node.is_complete else node.places | {NOWHERE}
