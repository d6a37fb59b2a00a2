"""Writes the record. What cannot be recorded does not happen: callers record in the transaction
of the action, and an error here undoes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from appliance.audit.actions import Action, Outcome
from appliance.audit.chain import FIRST, hash_of
from appliance.audit.models import Event

CHAIN_LOCK = 0x41554449  # of PostgreSQL's advisory locks: who holds it writes the next record

Actor = AbstractBaseUser | AnonymousUser | str | None


@dataclass(frozen=True, slots=True)
class Target:
    """What an action was done to: its kind in one word, its id, and its name at that moment."""

    kind: str
    id: str = ""
    name: str = ""


def record(
    action: Action,
    *,
    actor: Actor,
    target: Target | None = None,
    outcome: Outcome = Outcome.DONE,
    request: HttpRequest | None = None,
    details: Mapping[str, Any] | None = None,
) -> Event:
    """Append one record, in the caller's transaction. Raises DatabaseError when it cannot.

    The actor is a person, the name of a program such as "command line", or None for somebody
    unknown. Details hold ids, names and counts; never a secret, and of questions only what
    `policy` lets stand. The chain is locked from here to the end of the transaction: record late.
    """
    target = target or Target("")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
        last = Event.objects.order_by("-sequence").first()
        event = Event(
            sequence=last.sequence + 1 if last else 1,
            at=timezone.now(),
            action=action,
            outcome=outcome,
            actor_id=actor.pk if isinstance(actor, AbstractBaseUser) else None,
            actor=_name_of(actor)[:200],
            address=_address_of(request)[:64],
            object_kind=target.kind,
            object_id=target.id[:100],
            object_name=_line(target.name)[:500],
            details={**(details or {}), **_marks_of(actor)},
            previous_hash=last.hash if last else FIRST,
        )
        event.hash = hash_of(event)
        event.save(force_insert=True)
    return event


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


def _address_of(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""
