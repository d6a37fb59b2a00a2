"""A thread as a tree of messages without their texts: what a page shows of it, and what each rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from appliance.conversations.answering.fixing.patches import stored_places
from appliance.conversations.models import Message, MessageEvidence

Place = tuple[int, str]  # a source and a path in it
WHOLE = ""  # instead of a path: all of the source, which an adapter learned from


@dataclass(frozen=True, slots=True)
class Node:
    """A message as the tree and the sealing need it."""

    id: UUID
    thread_id: UUID
    parent_id: UUID | None
    role: str
    created_at: datetime
    places: frozenset[Place]  # all that it rests on, and what its earlier turns rested on
    is_complete: bool  # False: evidence of its prompt is gone, with the grants that guarded it
    is_copied: bool  # from a thread of somebody else

    @property
    def is_question(self) -> bool:
        return self.role == Message.Role.QUESTION

    @property
    def moment(self) -> tuple[datetime, UUID]:
        return self.created_at, self.id


@dataclass(frozen=True, slots=True)
class Fork:
    """A message among its siblings: questions after one answer, or answers to one question."""

    number: int
    total: int
    previous_id: UUID | None
    next_id: UUID | None


@dataclass(frozen=True)
class Tree:
    """The messages of one thread."""

    nodes: tuple[Node, ...] = ()

    @cached_property
    def by_id(self) -> dict[UUID, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def children(self) -> dict[UUID | None, list[Node]]:
        """Return the messages after each message, oldest first; after None the first questions."""
        after: dict[UUID | None, list[Node]] = {}
        for node in sorted(self.nodes, key=lambda node: node.moment):
            after.setdefault(node.parent_id, []).append(node)
        return after

    def find(self, node_id: UUID | None) -> Node | None:
        return self.by_id.get(node_id) if node_id else None

    def below(self, node_id: UUID | None = None) -> Iterator[Node]:
        """Yield what follows on a message, each before what follows on it; on None: everything."""
        waiting = self.children.get(node_id, [])[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += self.children.get(node.id, [])[::-1]

    def with_all_below(self, node: Node) -> list[Node]:
        return [node, *self.below(node.id)]

    def path_to(self, node: Node | None) -> list[Node]:
        """Return the messages from the first question to this one."""
        path: list[Node] = []
        while node is not None:
            path.append(node)
            node = self.find(node.parent_id)
        return path[::-1]

    def path_through(self, node_id: UUID | None) -> list[Node]:
        """Return the path through a message to the newest one after it.

        Without a message, or with one that is not of this thread, to the newest of all.
        """
        node = self.find(node_id)
        last = max(
            self.with_all_below(node) if node else self.nodes,
            key=lambda one: one.moment,
            default=None,
        )
        return self.path_to(last)

    def fork_at(self, node: Node) -> Fork | None:
        """Return where a message stands among its siblings; None when it has none."""
        siblings = [one.id for one in self.children[node.parent_id]]
        if len(siblings) == 1:
            return None
        at = siblings.index(node.id)
        return Fork(
            number=at + 1,
            total=len(siblings),
            previous_id=siblings[at - 1] if at else None,
            next_id=siblings[at + 1] if at + 1 < len(siblings) else None,
        )


def nodes_of(messages: QuerySet[Message]) -> list[Node]:
    """Return messages as nodes, by thread: two queries, however many there are."""
    rows = list(
        messages.order_by("thread_id", "created_at", "pk")
        .annotate(
            kept=Count(
                "evidence_links",
                filter=Q(evidence_links__role=MessageEvidence.Role.IN_PROMPT),
            )
        )
        .values(
            "pk", "thread_id", "parent_id", "role", "created_at", "steps", "patches", "kept",
            "receipt__given", "receipt__behind", "receipt__copied",
        )
    )  # fmt: skip
    linked = MessageEvidence.objects.filter(message__in=[row["pk"] for row in rows])
    linked = linked.exclude(role=MessageEvidence.Role.LEFT_OUT)
    places: dict[UUID, set[Place]] = {}
    for message_id, source_id, path in (
        linked.order_by()
        .values_list("message_id", "evidence__source_id", "evidence__path")
        .distinct()
    ):
        places.setdefault(message_id, set()).add((source_id, path))
    return [_node(row, places.get(row["pk"], set())) for row in rows]


def trees_of(messages: QuerySet[Message]) -> dict[UUID, Tree]:
    """Return whole threads, by their ids; a thread without messages is left out."""
    by_thread = groupby(nodes_of(messages), key=lambda node: node.thread_id)
    return {thread_id: Tree(tuple(nodes)) for thread_id, nodes in by_thread}


def _node(row: Mapping[str, Any], linked: set[Place]) -> Node:
    noted = [row["receipt__behind"] or (), *(step["places"] for step in row["steps"])]
    changed = stored_places(row["patches"])
    return Node(
        id=row["pk"],
        thread_id=row["thread_id"],
        parent_id=row["parent_id"],
        role=row["role"],
        created_at=row["created_at"],
        places=frozenset(linked | changed | _places(place for places in noted for place in places)),
        is_complete=row["kept"] >= (row["receipt__given"] or 0),
        is_copied=bool(row["receipt__copied"]),
    )


def _places(stored: Iterable[Sequence[Any]]) -> set[Place]:
    return {(source_id, path) for source_id, path in stored}
