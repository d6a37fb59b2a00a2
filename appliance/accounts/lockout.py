"""What must stay true so that somebody can always sign in and put things right."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet

from appliance.accounts.models import Directory, Identity, Role, SignInRules, User


class LockedOut(Exception):
    """The change would leave nobody who can manage the appliance; says what to do first."""


def active_admins() -> QuerySet[User]:
    """Return everybody who is an admin now, by a role of their own, a group's, or as staff."""
    by_role = Q(role_grants__role=Role.ADMIN) | Q(groups__role_grants__role=Role.ADMIN)
    return User.objects.filter(Q(is_staff=True) | by_role, is_active=True).distinct()


def emergency_accounts() -> QuerySet[User]:
    """Return the admins who may sign in with a password while directories are required."""
    with_password = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return active_admins().filter(is_emergency=True).exclude(with_password)


def keep_an_admin(without: User) -> None:
    """Raise LockedOut when this person must stay an active admin: call it, in the transaction of
    the change, before a person is disabled, deleted, or loses the role.

    Two such changes at once happen one after the other.
    """
    rules = SignInRules.current(for_update=True)
    if not active_admins().filter(pk=without.pk).exists():
        return
    if is_last_admin(without):
        raise LockedOut(
            f"{without.get_username()} is the last admin: make somebody else one first."
        )
    if rules.directories_only:
        keep_an_emergency_account(without=without)


def keep_somebody() -> None:
    """Raise LockedOut when nobody is an admin any more: call it after a change, in its transaction."""
    SignInRules.current(for_update=True)
    if not active_admins().exists():
        raise LockedOut("This is the last admin: make somebody else one first.")


def is_last_admin(person: User) -> bool:
    """Return whether nobody else could manage the appliance; for pages that only show it."""
    admins = active_admins()
    return admins.filter(pk=person.pk).exists() and not admins.exclude(pk=person.pk).exists()


def keep_an_emergency_account(*, without: User) -> None:
    """Raise LockedOut when nobody else may sign in while the directories fail."""
    if not emergency_accounts().exclude(pk=without.pk).exists():
        raise LockedOut(
            f"{without.get_username()} is the last emergency account: mark another one first, or "
            "let local accounts sign in again."
        )


def proven_directories() -> QuerySet[Directory]:
    """Return the directories that are enabled and have let in somebody who is an admin now."""
    admins = Identity.objects.filter(user__in=active_admins(), signed_in_at__isnull=False)
    return Directory.objects.filter(is_enabled=True, identities__in=admins).distinct()


def why_not_directories_only() -> list[str]:
    """Return what must be done before local sign-in may be switched off; nothing: it may."""
    todo = []
    if not proven_directories().exists():
        todo.append(
            "No enabled directory has let an admin in yet: make somebody of a directory an admin, "
            "and let them sign in through it once."
        )
    if not emergency_accounts().exists():
        todo.append(
            "There is no emergency account: mark an admin with a password as one, for the day on "
            "which the directory does not answer."
        )
    return todo


def keep_a_directory(without: Directory) -> None:
    """Raise LockedOut when directories are required and this is the last that admins come by."""
    if not SignInRules.current(for_update=True).directories_only:
        return
    if not proven_directories().exclude(pk=without.pk).exists():
        raise LockedOut(
            f"People sign in through directories only, and {without.name} is the last that has let "
            "an admin in: let local accounts sign in again first."
        )
