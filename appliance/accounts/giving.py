"""Giving roles and taking them, of people and of groups: recorded, and never of the last admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest

from appliance.accounts.lockout import keep_somebody
from appliance.accounts.models import Role, RoleGrant, User
from appliance.accounts.targets import of_group, of_person
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import record
from indexer.models import Source

Holder = User | Group


class RoleRefused(Exception):
    """There is no such role to give or to take; the sentence says what is wrong."""


def give_role(
    holder: Holder,
    role: Role,
    *,
    source: Source | None = None,
    by: Actor,
    request: HttpRequest | None = None,
) -> bool:
    """Give a role to a person, or to each member of a group; False when they have it."""
    _check(role, source)
    with transaction.atomic():
        _, is_new = RoleGrant.objects.get_or_create(role=role, source=source, **_held_by(holder))
        if is_new:
            _record(Action.ROLE_GIVEN, holder, role, source, by, request)
    return is_new


def take_role(
    holder: Holder,
    role: Role,
    *,
    source: Source | None = None,
    by: Actor,
    request: HttpRequest | None = None,
) -> bool:
    """Take a role back; False when they did not have it. Raises LockedOut.

    An account that Django's own flags made an admin loses those with the role.
    """
    _check(role, source)
    with transaction.atomic():
        gone, _ = RoleGrant.objects.filter(role=role, source=source, **_held_by(holder)).delete()
        flagged = 0
        if role == Role.ADMIN and isinstance(holder, User):
            flagged = User.objects.filter(pk=holder.pk, is_staff=True).update(
                is_staff=False, is_superuser=False
            )
        if not gone and not flagged:
            return False
        if role == Role.ADMIN:
            keep_somebody()
        _record(Action.ROLE_TAKEN, holder, role, source, by, request)
    return True


def _held_by(holder: Holder) -> dict[str, Any]:
    return {"user": holder} if isinstance(holder, User) else {"group": holder}


def _check(role: Role, source: Source | None) -> None:
    if role == Role.EMPLOYEE:
        raise RoleRefused("Everybody who is active is an employee already.")
    if (role == Role.SOURCE_ADMIN) != (source is not None):
        raise RoleRefused(
            "Say of which source: a source admin manages the sources that are theirs."
            if source is None
            else f"The role {role.label} is for all sources: leave the source out."
        )


def _record(
    action: Action,
    holder: Holder,
    role: Role,
    source: Source | None,
    by: Actor,
    request: HttpRequest | None,
) -> None:
    target = of_person(holder) if isinstance(holder, User) else of_group(holder)
    details: dict[str, object] = {"role": str(role)}
    if source is not None:
        details["source"] = source.name
    record(action, actor=by, target=target, request=request, details=details)
