"""Records what evidence people are shown: each answer once for each person, and again when the
evidence that it shows has changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.audit.recording import Entry, Lines, Target, record, record_all
from appliance.conversations.exporting.pieces import Export
from appliance.conversations.inspecting import Inspection
from appliance.conversations.models import Message, MessageEvidence
from appliance.conversations.rendering import CitationView
from appliance.conversations.turns import Turn
from appliance.sources.grounds import Grounds

# source@commit:path#L1-L9, as evidence names its place; a source's name holds no @.
PLACE = re.compile(r"([^@]+)@([^:]+):(.+)#L?(\d+)(?:-L?(\d+))?", re.DOTALL)


def record_turns(user: User, turns: Iterable[Turn]) -> None:
    """Record the evidence of the answers on a page, before it is shown."""
    record_shown(user, [(turn.message, turn.evidence) for turn in turns if turn.evidence])


def record_shown(user: User, answers: Collection[tuple[Message, Sequence[CitationView]]]) -> None:
    """Record the evidence of these answers, of each unless this person was shown it before."""
    if not answers:
        return
    grounds = Grounds.of(user)
    entries = [_entry(message, evidence, grounds) for message, evidence in answers if evidence]
    before = Event.objects.filter(
        actor_id=user.pk,
        action=Action.SHOWN,
        object_id__in=[entry.target.id for entry in entries],
    ).values_list("object_id", "details__version")
    known = set(before)
    new = [one for one in entries if (one.target.id, one.details["version"]) not in known]
    record_all(new, actor=user)


def _entry(message: Message, evidence: Iterable[CitationView], grounds: Grounds) -> Entry:
    shown = [
        grounds.lines(one.source, one.path, one.start_line, one.end_line, one.commit)
        for one in evidence
    ]
    details = {"thread": str(message.thread_id), "version": _version(shown)}
    return Entry(Action.SHOWN, Target("message", str(message.pk)), details=details, shown=shown)


def _version(shown: Iterable[Lines]) -> str:
    """Return a short hash of the lines: who is shown others is shown something new."""
    places = sorted({tuple(lines.to_json()[:5]) for lines in shown})
    return hashlib.sha256(json.dumps(places).encode()).hexdigest()[:16]


def record_compared(user: User, link: MessageEvidence, new: tuple[str, str, Sequence[int]]) -> None:
    """Record that cited lines were shown beside those of now: path, commit and line numbers."""
    grounds, evidence = Grounds.of(user), link.evidence
    source, (path, commit, numbers) = evidence.source.name, new
    span = evidence.span
    shown = [grounds.lines(source, evidence.path, span.start_line, span.end_line, evidence.commit)]
    shown += grounds.of_numbers(source, path, commit, numbers)
    message = link.message
    details = {"thread": str(message.thread_id), "compared": True}
    record(
        Action.SHOWN,
        actor=user,
        target=Target("message", str(message.pk)),
        details=details,
        shown=shown,
    )


def record_inspected(user: User, message: Message, inspection: Inspection) -> None:
    grounds = Grounds.of(user)
    pieces = [one.evidence for one in (*inspection.given, *inspection.left_out) if one.evidence]
    shown = [
        grounds.lines(one.source, one.path, one.span.start_line, one.span.end_line, one.commit)
        for one in pieces
    ]
    record(
        Action.PROMPT_INSPECTED,
        actor=user,
        target=Target("message", str(message.pk)),
        details={"thread": str(message.thread_id)},
        shown=shown,
    )


def record_export(user: User, export: Export, ending: str) -> None:
    """Record that a thread was taken away as a file, with the lines that its answers rest on."""
    grounds = Grounds.of(user)
    places = dict.fromkeys(place for message in export.messages for place in message.places)
    found = [match for place in places if (match := PLACE.fullmatch(place))]
    shown = [
        grounds.lines(source, path, int(first), int(last or first), commit)
        for source, commit, path, first, last in (match.groups() for match in found)
    ]
    record(
        Action.EXPORTED,
        actor=user,
        target=Target("thread", str(export.thread_id)),
        details={"format": ending, "whole": export.is_whole, "messages": len(export.messages)},
        shown=shown,
    )


def record_patch(user: User, message_id: UUID, number: int) -> None:
    target = Target("message", str(message_id))
    record(Action.EXPORTED, actor=user, target=target, details={"format": "patch", "patch": number})
