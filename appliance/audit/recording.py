"""Writes the record. What cannot be recorded does not happen: callers record in the transaction
of the action, and an error here undoes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from appliance.audit.acting import Acting, Actor, who_acts
from appliance.audit.actions import Action, Outcome
from appliance.audit.chain import FIRST, seal
from appliance.audit.errors import NotRecorded
from appliance.audit.models import Event, Exposure

MANY = 1000  # rows in one statement
CHAIN_LOCK = 0x41554449  # of PostgreSQL's advisory locks: who holds it writes the next record

# One round trip. The second statement must not be part of the first: it has to see what was
# committed by whoever held the lock before.
LAST = """
SELECT pg_advisory_xact_lock(%s);
SELECT sequence, hash FROM audit_event ORDER BY sequence DESC LIMIT 1
"""


class _Here:
    """Stands for whoever acts at this moment."""


HERE: Final = _Here()


@dataclass(frozen=True, slots=True)
class Target:
    """What an action was done to: its kind in one word, its id, and its name at that moment."""

    kind: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that somebody is shown, and the grant that allows it, in words."""

    source: str
    path: str
    first: int
    last: int
    commit: str = ""
    ground: str = ""

    def to_json(self) -> list[str | int]:
        return [self.source, self.path, self.first, self.last, self.commit, self.ground]


@dataclass(frozen=True, slots=True)
class Entry:
    """One action to be recorded, with the lines that somebody is shown by it."""

    action: Action
    target: Target = Target("")
    outcome: Outcome = Outcome.DONE
    details: Mapping[str, Any] = field(default_factory=dict)
    shown: Sequence[Lines] = ()


def record(
    action: Action,
    *,
    actor: Actor | _Here = HERE,
    target: Target | None = None,
    outcome: Outcome = Outcome.DONE,
    request: HttpRequest | None = None,
    details: Mapping[str, Any] | None = None,
    shown: Sequence[Lines] = (),
) -> Event:
    """Append one record, in the caller's transaction. Raises NotRecorded when it cannot.

    The actor is a person, the name of a program such as "command line", or None for somebody
    unknown; left out, whoever acts now. Details hold ids, names and counts; never a secret, and of
    questions only what `policy` lets stand. The chain is locked from here to the end of the
    transaction: record late.
    """
    entry = Entry(action, target or Target(""), outcome, details or {}, shown)
    [event] = record_all([entry], actor=actor, request=request)
    return event


def record_all(
    entries: Sequence[Entry],
    *,
    actor: Actor | _Here = HERE,
    request: HttpRequest | None = None,
) -> list[Event]:
    """Append several records by one actor, as `record` does; with one lock and one insert."""
    if not entries:
        return []
    now = who_acts()
    who = now.actor if isinstance(actor, _Here) else actor
    acting = Acting(who, request or now.request)
    try:
        # Without a savepoint: what failed to be recorded must fail, whoever catches the error.
        with transaction.atomic(savepoint=False):
            return _append(entries, acting)
    except (DatabaseError, OSError) as exc:
        raise NotRecorded("What was asked for could not be recorded, so it was not done.") from exc


def _append(entries: Sequence[Entry], acting: Acting) -> list[Event]:
    events = [_event_of(entry, acting) for entry in entries]  # before the lock, which is short
    with connection.cursor() as cursor:
        cursor.execute(LAST, [CHAIN_LOCK])
        cursor.nextset()
        sequence, before = cursor.fetchone() or (0, FIRST)
    for event in events:
        sequence += 1
        event.sequence, event.previous_hash = sequence, before
        event.at = timezone.now()  # within the lock: in the order of the numbers
        seal(event)
        before = event.hash
    Event.objects.bulk_create(events, batch_size=MANY)
    rows = [row for event in events for row in exposures_of(event)]
    Exposure.objects.bulk_create(rows, batch_size=MANY)
    return events


def _event_of(entry: Entry, acting: Acting) -> Event:
    actor = acting.actor
    details = {**entry.details, **_marks_of(actor)}
    if entry.shown:
        details["shown"] = [lines.to_json() for lines in entry.shown]
    return Event(
        action=entry.action.value,
        outcome=entry.outcome.value,
        actor_id=actor.pk if isinstance(actor, AbstractBaseUser) else None,
        actor=_name_of(actor)[:200],
        address=_address_of(acting.request)[:64],
        object_kind=entry.target.kind,
        object_id=_line(entry.target.id)[:100],
        object_name=_line(entry.target.name)[:500],
        details=_lined(details),
    )


def exposures_of(event: Event) -> list[Exposure]:
    """Return the rows that are searched for the lines which an event says were shown."""
    return [
        Exposure(
            event=event,
            at=event.at,
            actor_id=event.actor_id,
            actor=event.actor,
            source=source[:100],
            path=path,
            first_line=first,
            last_line=last,
            commit=commit[:64],
            ground=ground[:700],
        )
        for source, path, first, last, commit, ground in event.details.get("shown", ())
    ]


def _name_of(actor: Actor) -> str:
    if isinstance(actor, AbstractBaseUser):
        return _line(actor.get_username())
    return _line(actor) if isinstance(actor, str) else ""


def _marks_of(actor: Actor) -> dict[str, Any]:
    """Return what every record of this person carries, such as emergency access that is open."""
    marks = getattr(actor, "record_marks", None)
    return dict(marks()) if marks else {}


def _line(text: str) -> str:
    """Keep a name on one line: a line break in it must not look like a record of its own."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _lined(value: Any) -> Any:
    """Keep every text in the details on one line too."""
    match value:
        case str():
            return _line(value)
        case dict():
            return {_line(str(key)): _lined(one) for key, one in value.items()}
        case list() | tuple():
            return [_lined(one) for one in value]
    return value


def _address_of(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR") or "") if request else ""
