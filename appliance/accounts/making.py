"""What admins make and take away by hand: local accounts, their passwords, groups; each recorded."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest

from appliance.accounts.lockout import keep_an_admin, keep_somebody
from appliance.accounts.models import User
from appliance.accounts.sessions import end_all_sessions
from appliance.accounts.targets import of_group, of_person
from appliance.accounts.tokens import revoke_all
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import record


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A local account as an admin enters it."""

    username: str
    password: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


def make_account(new: NewPerson, *, by: Actor, request: HttpRequest | None = None) -> User:
    """Make an account that signs in with a password of this appliance."""
    with transaction.atomic():
        user = User.objects.create_user(
            new.username,
            new.email,
            new.password,
            first_name=new.first_name,
            last_name=new.last_name,
        )
        record(Action.PERSON_CREATED, actor=by, target=of_person(user), request=request)
    return user


def change_person(user: User, *, by: Actor, request: HttpRequest | None = None) -> None:
    """Store somebody's names and e-mail address, which the caller has set."""
    with transaction.atomic():
        user.save(update_fields=["first_name", "last_name", "email"])
        record(Action.PERSON_CHANGED, actor=by, target=of_person(user), request=request)


def set_password(
    user: User, password: str, *, by: Actor, request: HttpRequest | None = None
) -> None:
    """Give somebody another password; whoever was signed in with the old one is out."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record(Action.PASSWORD_CHANGED, actor=by, target=of_person(user), request=request)
        end_all_sessions(user, by=by, request=request)


def delete_person(user: User, *, by: Actor, request: HttpRequest | None = None) -> None:
    """Delete somebody with their threads, tokens and rules of their own. Raises LockedOut.

    What the audit tells of them stays: it holds their name.
    """
    with transaction.atomic():
        keep_an_admin(without=user)
        record(Action.PERSON_DELETED, actor=by, target=of_person(user), request=request)
        end_all_sessions(user, by=by, request=request)
        revoke_all(user, by=by)
        user.delete()


def make_group(name: str, *, by: Actor, request: HttpRequest | None = None) -> Group:
    with transaction.atomic():
        group = Group.objects.create(name=name)
        record(Action.GROUP_CREATED, actor=by, target=of_group(group), request=request)
    return group


def rename_group(group: Group, name: str, *, by: Actor, request: HttpRequest | None = None) -> None:
    """Call a group something else; who is in it and what it opens stays."""
    with transaction.atomic():
        details = {"before": group.name}
        group.name = name
        group.save(update_fields=["name"])
        record(
            Action.GROUP_CHANGED,
            actor=by,
            target=of_group(group),
            request=request,
            details=details,
        )


def delete_group(group: Group, *, by: Actor, request: HttpRequest | None = None) -> None:
    """Delete a group with its rules and roles. Raises LockedOut."""
    with transaction.atomic():
        details = {"members": User.objects.filter(groups=group).count()}
        target = of_group(group)
        Group.objects.filter(pk=group.pk).delete()  # the value stays whole for who shows it
        keep_somebody()
        record(Action.GROUP_DELETED, actor=by, target=target, request=request, details=details)
