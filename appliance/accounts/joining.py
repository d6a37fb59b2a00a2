"""Putting people into groups by hand, and taking them out; directories have `memberships`."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest

from appliance.accounts.lockout import keep_somebody
from appliance.accounts.models import User
from appliance.accounts.targets import of_person
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import record


class MemberKept(Exception):
    """A directory says that somebody is in this group, so it cannot be taken back here."""


def add_member(group: Group, user: User, *, by: Actor, request: HttpRequest | None = None) -> bool:
    """Put somebody into a group; False when they are in it."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if user.groups.filter(pk=group.pk).exists():
            return False
        user.groups.add(group)
        _record(Action.MEMBER_ADDED, group, user, by, request)
    return True


def remove_member(
    group: Group, user: User, *, by: Actor, request: HttpRequest | None = None
) -> bool:
    """Take somebody out of a group; False when they are not in it. Raises LockedOut, MemberKept."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if not user.groups.filter(pk=group.pk).exists():
            return False
        said = user.belongings.filter(group=group).select_related("directory").first()
        if said is not None:
            raise MemberKept(f"{said.directory} puts them into this group: change it there.")
        user.groups.remove(group)
        keep_somebody()
        _record(Action.MEMBER_REMOVED, group, user, by, request)
    return True


def _record(
    action: Action, group: Group, user: User, by: Actor, request: HttpRequest | None
) -> None:
    target = of_person(user)
    record(action, actor=by, target=target, request=request, details={"group": group.name})
