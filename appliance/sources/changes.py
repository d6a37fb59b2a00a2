"""What was changed about access, from the record: for a source, and for a person."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.sources.models import last_day_before
from indexer.models import Source

OF_GRANTS = (Action.GRANT_ADDED, Action.GRANT_CHANGED, Action.GRANT_REVOKED)
OF_PEOPLE = (
    Action.MEMBER_ADDED,
    Action.MEMBER_REMOVED,
    Action.ROLE_GIVEN,
    Action.ROLE_TAKEN,
    Action.PERSON_DISABLED,
    Action.PERSON_ENABLED,
)


def changes_of_source(source: Source) -> QuerySet[Event]:
    """Return every change of the rules of a source, newest first."""
    about = Event.objects.filter(object_kind="source", object_name=source.name)
    return about.filter(action__in=OF_GRANTS, object_id=str(source.pk)).order_by("-sequence")


def changes_of_person(user: User) -> QuerySet[Event]:
    """Return every change of what somebody may read: their groups, roles and own rules, and the
    rules of the groups that they are in now; newest first."""
    groups = list(user.groups.values_list("pk", flat=True))
    rules = Q(details__has_key="person", details__holder_id=user.pk)
    rules |= Q(details__has_key="group", details__holder_id__in=groups)
    themselves = Q(action__in=OF_PEOPLE, object_kind="person", object_id=str(user.pk))
    return Event.objects.filter((Q(action__in=OF_GRANTS) & rules) | themselves).order_by(
        "-sequence"
    )


def sentence_of(event: Event) -> str:
    """Say what a change did, in the words of the rules."""
    told = event.details
    if event.action not in OF_GRANTS:
        group = told.get("group") or told.get("role") or ""
        return f"{event.label}: {group}".rstrip(": ")
    holder = told.get("person") or told.get("group")
    verb = "may read" if told.get("allow") else "may not read"
    sentence = f"{holder} {verb} {event.object_name}:{told.get('paths') or '*'}"
    if told.get("host"):
        sentence += f" by the word of {told['host']}"
    if told.get("until"):
        sentence += f" until {last_day_before(datetime.fromisoformat(told['until']))}"
    return f"{sentence} ({told['reason']})" if told.get("reason") else sentence
