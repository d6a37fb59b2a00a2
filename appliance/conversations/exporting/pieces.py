"""What of a thread is exported, before it has a format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.text import slugify

from appliance.conversations.access import Reading
from appliance.conversations.checking.citations import CompiledAnswer
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.rendering import compiled_answer
from appliance.conversations.titles import shown_titles
from appliance.conversations.trees import Node
from appliance.conversations.turns import Turn, turns_on
from appliance.conversations.visible import visible

# Of a receipt: what was searched. Its other parts are the product's own bookkeeping.
RECEIPT = (
    "query", "rewritten", "sources", "legs", "hits", "skipped", "ref", "lacking", "prompt_tokens",
)  # fmt: skip
NAME_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class ExportedMessage:
    """One message; of a sealed one only its place."""

    number: int  # in the file, from 1
    id: UUID
    parent_id: UUID | None
    after: int | None  # the number of the message that it follows on
    role: str
    is_sealed: bool
    state: str = ""
    created_at: datetime | None = None
    is_pinned: bool = False
    text: str = ""  # its citations as [1], [2] ...
    places: tuple[str, ...] = ()  # source@commit:path#Lx-Ly, in the order of these numbers
    checks: Mapping[str, int] = field(default_factory=dict)
    receipt: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    thread_id: UUID
    title: str
    is_whole: bool  # with all branches, or one path
    messages: tuple[ExportedMessage, ...]

    def file_name(self, ending: str) -> str:
        """Return a name of letters, digits and hyphens, whatever the title is."""
        return f"{slugify(self.title)[:NAME_CHARACTERS].strip('-') or 'thread'}.{ending}"


def export_of(reading: Reading, at: UUID | None, *, is_whole: bool) -> Export:
    """Return the path through a message, or all branches, as this reader sees them."""
    nodes = list(reading.tree.below()) if is_whole else reading.tree.path_through(at)
    numbers = {node.id: number for number, node in enumerate(nodes, start=1)}
    return Export(
        thread_id=reading.thread.pk,
        title=visible(shown_titles([reading])[reading.thread.pk]),
        is_whole=is_whole,
        messages=tuple(
            _exported(turn, reading.tree.by_id[turn.message.pk], numbers)
            for turn in turns_on(nodes, reading)
        ),
    )


def _exported(turn: Turn, node: Node, numbers: Mapping[UUID, int]) -> ExportedMessage:
    message = turn.message
    after = numbers.get(node.parent_id) if node.parent_id else None
    if turn.is_sealed:
        return ExportedMessage(
            numbers[node.id], node.id, node.parent_id, after, node.role, is_sealed=True
        )
    answer = (
        numbered(compiled_answer(message)) if turn.rendered else Numbered(visible(message.text))
    )
    return ExportedMessage(
        numbers[node.id],
        node.id,
        node.parent_id,
        after,
        node.role,
        is_sealed=False,
        state=message.state,
        created_at=message.created_at,
        is_pinned=message.is_pinned,
        text=answer.text,
        places=tuple(map(place_of, answer.pieces)),
        checks=asdict(turn.rendered.counts) if turn.rendered else {},
        receipt=_receipt(turn),
        error=message.error,
    )


def _receipt(turn: Turn) -> Mapping[str, Any]:
    """Return what was searched; of the sources those that the reader may be told of now."""
    receipt = {key: turn.message.receipt[key] for key in RECEIPT if key in turn.message.receipt}
    if turn.rendered:
        told = {"sources": turn.rendered.searched, "lacking": turn.rendered.lacking}
        receipt |= {key: list(names) for key, names in told.items() if key in receipt}
    return receipt


@dataclass(frozen=True, slots=True)
class Numbered:
    """An answer with a number for each citation that holds: [1], [2] ..."""

    text: str
    pieces: tuple[EvidenceLines, ...] = ()  # the lines that they stand for, in their order
    offsets: tuple[tuple[int, ...], ...] = ()  # where each number stands in the text


def numbered(compiled: CompiledAnswer) -> Numbered:
    pieces: dict[str, EvidenceLines] = {}
    offsets: dict[str, list[int]] = {}
    text = ""
    for segment in compiled.segments:
        if isinstance(segment, str):
            text += visible(segment)
        elif isinstance(segment, EvidenceLines):
            place = place_of(segment)
            pieces.setdefault(place, segment)
            offsets.setdefault(place, []).append(len(text))
            text += f"[{list(pieces).index(place) + 1}]"
    return Numbered(text, tuple(pieces.values()), tuple(map(tuple, offsets.values())))


def place_of(piece: EvidenceLines) -> str:
    """Return where cited lines stand: source@commit:path#L4-L9."""
    first, last = piece.span.start_line, piece.span.end_line
    return f"{piece.source}@{piece.commit}:{piece.path}#L{first}-L{last}"


def summary_of(checks: Mapping[str, int]) -> Sequence[str]:
    """Return the counts of the checks that are not zero, in words."""
    return [f"{name} {count}" for name, count in checks.items() if count]
