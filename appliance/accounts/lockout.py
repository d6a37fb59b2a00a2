"""Somebody must remain who can manage the appliance."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet

from appliance.accounts.models import Role, RoleGrant, User

SENTENCE = "This is the last admin. Make somebody else an admin first."


class LastAdmin(Exception):
    """After this, nobody could manage the appliance any more."""

    def __init__(self) -> None:
        super().__init__(SENTENCE)


def admins() -> QuerySet[User]:
    """Return the active people who are admins, by themselves or by a group."""
    given = RoleGrant.objects.filter(role=Role.ADMIN)
    of_groups = Group.objects.filter(pk__in=given.exclude(group=None).values("group"))
    is_admin = Q(is_staff=True) | Q(pk__in=given.values("user")) | Q(groups__in=of_groups)
    return User.objects.filter(is_admin, is_active=True).distinct()


def refuse_last_admin(user: User) -> None:
    """Raise LastAdmin when nobody else is an admin."""
    theirs = admins()
    if theirs.filter(pk=user.pk).exists() and not theirs.exclude(pk=user.pk).exists():
        raise LastAdmin


def keep_an_admin() -> None:
    """Raise LastAdmin when there is none any more: call it within the transaction of a change."""
    if not admins().exists():
        raise LastAdmin
