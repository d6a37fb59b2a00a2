"""A thread of one's own that begins with what one may see of somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.access import Reading
from appliance.conversations.models import Message, MessageEvidence, Thread
from appliance.conversations.shown import as_shown, names_for
from appliance.conversations.titles import NEUTRAL, title_of
from appliance.conversations.trees import Node, Place

COPIED = (
    "role", "text", "query", "source_names", "folders", "ref", "mode", "steps", "patches", "is_pinned",
    "not_found", "error", "usage", "struck", "checks", "seconds", "state",
)  # fmt: skip


def continue_own(user: User, reading: Reading, at: UUID | None) -> Thread | None:
    """Copy what this reader sees of a path into a new thread; None when there is nothing.

    The copies know what all answers before them rested on: whoever loses access to one of these
    places does not see what was asked and answered with it before their eyes, the copier included.
    """
    nodes = _copyable(reading, at)
    if not nodes:
        return None
    names = names_for(reading)
    messages = Message.objects.filter(pk__in=[node.id for node in nodes])
    originals = {message.pk: as_shown(message, reading, names) for message in messages}
    with transaction.atomic():
        thread = Thread.objects.create(owner=user, title=_title(nodes[0], originals, reading))
        copies: dict[UUID, Message] = {}
        start = timezone.now()
        for number, node in enumerate(nodes):
            original = originals[node.id]
            copies[node.id] = Message(
                id=uuid4(),
                thread=thread,
                parent=copies.get(node.parent_id) if node.parent_id else None,
                created_at=start + timedelta(microseconds=number),
                receipt={**original.receipt, "behind": _behind(node, reading), "copied": True},
                **{field: getattr(original, field) for field in COPIED},
            )
        Message.objects.bulk_create(copies.values())
        _copy_evidence(copies)
    return thread


def _title(first: Node, originals: dict[UUID, Message], reading: Reading) -> str:
    """Return the first question as a title, unless it may have to be sealed one day: titles are
    shown without a look at what the messages rest on."""
    return NEUTRAL if _behind(first, reading) else title_of(originals[first.id].text)


def _copyable(reading: Reading, at: UUID | None) -> Sequence[Node]:
    """Return the pairs of question and answer of a path, up to the first that is sealed or open."""
    path = reading.tree.path_through(at)
    still_open = set(
        Message.objects.filter(
            thread=reading.thread,
            state__in=[Message.State.QUEUED, Message.State.SEARCHING, Message.State.WRITING],
        ).values_list("pk", flat=True)
    )
    seen = list(
        takewhile(lambda node: node.id not in reading.sealed and node.id not in still_open, path)
    )
    return seen[: len(seen) // 2 * 2]


def _behind(node: Node, reading: Reading) -> list[Place]:
    """Return what the message rests on, its question, and all answers that stood there when that was
    asked."""
    asked = node if node.is_question else reading.tree.by_id[node.parent_id or node.id]
    before = (
        one.places
        for one in reading.tree.nodes
        if not one.is_question and one.created_at < asked.created_at
    )
    return sorted(node.places.union(asked.places, *before))


def _copy_evidence(copies: dict[UUID, Message]) -> None:
    links = MessageEvidence.objects.filter(message__in=copies).order_by("pk")
    MessageEvidence.objects.bulk_create(
        MessageEvidence(
            message=copies[link.message_id],
            evidence_id=link.evidence_id,
            handle=link.handle,
            role=link.role,
            score=link.score,
            legs=link.legs,
            note=link.note,
        )
        for link in links
    )
