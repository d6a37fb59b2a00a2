"""People as directories make them and tell of them; each change with its record."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from appliance.accounts.directories.names import free_name
from appliance.accounts.models import Directory, User
from appliance.accounts.targets import actor_of, of_person
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import record

MAX_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Facts:
    """What a directory tells about a person beside their groups."""

    user_name: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


def make_person(facts: Facts, directory: Directory) -> User:
    """Make a new person, without a password and under a free name: never somebody who is there."""
    details = {"directory": directory.name}
    with transaction.atomic():
        user = User(username=free_name(facts.user_name))
        _take(user, facts)
        user.set_unusable_password()
        user.save()
        target = of_person(user)
        record(Action.PERSON_CREATED, actor=actor_of(directory), target=target, details=details)
    return user


def update_person(user: User, facts: Facts, *, by: Actor) -> bool:
    """Take over names and address; return whether something changed. The user name stays."""
    before = (user.first_name, user.last_name, user.email)
    _take(user, facts)
    if before == (user.first_name, user.last_name, user.email):
        return False
    with transaction.atomic():
        user.save(update_fields=["first_name", "last_name", "email"])
        record(Action.PERSON_CHANGED, actor=by, target=of_person(user))
    return True


def _take(user: User, facts: Facts) -> None:
    user.first_name = facts.first_name[:150]
    user.last_name = facts.last_name[:150]
    user.email = kept_email(facts.email)


def kept_email(address: str) -> str:
    """Return an address that can be kept, else none: a cut one would be somebody else's."""
    return address if len(address) <= MAX_EMAIL else ""
