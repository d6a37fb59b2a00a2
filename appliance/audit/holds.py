"""Legal holds: what they keep from being removed, set and lifted with a reason."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from appliance.audit.acting import who_acts
from appliance.audit.actions import Action
from appliance.audit.models import Event, Exposure, Hold
from appliance.audit.recording import Target, record


def set_hold(kind: str, name: str, reason: str) -> Hold:
    """Keep every record about a person or thing, whatever the retention, until this is lifted."""
    with transaction.atomic():
        hold = Hold.objects.create(kind=kind, name=name, reason=reason, set_by=_me())
        record(Action.AUDIT_HELD, target=_target(hold), details={"reason": reason})
    return hold


def lift_hold(hold: Hold, reason: str) -> None:
    """Let retention have its way again; a hold that was lifted already stays as it was."""
    with transaction.atomic():
        standing = Hold.objects.select_for_update().filter(pk=hold.pk, lifted_at=None)
        if standing.update(lifted_at=timezone.now(), lifted_by=_me(), lifted_because=reason):
            record(Action.AUDIT_RELEASED, target=_target(hold), details={"reason": reason})


def kept_by(hold: Hold) -> int:
    """Count the records that a hold keeps so far, those of holds themselves left out: with none,
    the name may be written wrongly, and nothing of what is looked for would be kept."""
    about = Event.objects.filter(_HELD[Hold.Kind(hold.kind)](hold.name))
    return about.exclude(action__in=[Action.AUDIT_HELD, Action.AUDIT_RELEASED]).count()


def what_is_kept(hold: Hold, count: int) -> str:
    """Say what a hold keeps: so many records until now."""
    if count:
        records = "1 record" if count == 1 else f"{count:,} records"
        return f"{records} about {hold.kind} {hold.name} and all to come stay until it is lifted."
    return (
        f"No record is about {hold.kind} {hold.name} so far: see whether the name is right. "
        "Those to come stay until the hold is lifted."
    )


def held() -> Q:
    """Return the records that a standing hold keeps; of none, a condition that nothing fulfils."""
    condition = Q(pk__in=())
    for hold in Hold.objects.filter(lifted_at=None):
        condition |= _HELD[Hold.Kind(hold.kind)](hold.name)
    return condition


def _of_person(name: str) -> Q:
    return Q(actor=name) | Q(object_kind="person", object_name=name)


def _of_source(name: str) -> Q:
    shown = Exposure.objects.filter(source=name).values("event")
    return Q(object_kind="source", object_name=name) | Q(details__source=name) | Q(pk__in=shown)


def _of_thread(name: str) -> Q:
    return Q(object_kind="thread", object_id=name) | Q(details__thread=name)


_HELD = {
    Hold.Kind.PERSON: _of_person,
    Hold.Kind.SOURCE: _of_source,
    Hold.Kind.THREAD: _of_thread,
}


def _target(hold: Hold) -> Target:
    return Target(hold.kind, hold.name if hold.kind == Hold.Kind.THREAD else "", hold.name)


def _me() -> str:
    actor = who_acts().actor
    return actor if isinstance(actor, str) else str(actor or "")
