"""When somebody leaves: what they hold is ended, whichever road says so.

Nothing depends on this alone. Every page, token, stream and answer asks for itself whether its
person is active and what they may read; this takes away what could come back with them.
"""

from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.glass import close_glass
from appliance.accounts.lockout import keep_an_admin
from appliance.accounts.models import ApiToken, BrokenGlass, Identity, User
from appliance.accounts.sessions import end_all_sessions
from appliance.accounts.targets import of_person
from appliance.accounts.tokens import revoke_all
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import record

APPLIANCE = "account disabled"  # who ends what a disabled account held


def disable(
    user: User,
    *,
    by: Actor,
    why: str = "",
    request: HttpRequest | None = None,
    even_last_admin: bool = False,
) -> bool:
    """Lock somebody out everywhere; False when they are already. Raises LockedOut.

    `even_last_admin` is for directories: who left the company is out, whatever they were here.
    """
    with transaction.atomic():
        fresh = User.objects.select_for_update().get(pk=user.pk)
        if not fresh.is_active:
            return _end_for_good(fresh, by=by, why=why, request=request)
        if not even_last_admin:
            keep_an_admin(without=fresh)
        fresh.is_active = user.is_active = False
        record(
            Action.PERSON_DISABLED,
            actor=by,
            target=of_person(user),
            request=request,
            details={"why": why} if why else None,
        )
        fresh.save(update_fields=["is_active"])
    return True


def _end_for_good(user: User, *, by: Actor, why: str, request: HttpRequest | None) -> bool:
    """Lock out also from signing in again whom their provider does not renew; False for others."""
    if not _lapsed().filter(user=user).update(lapsed_at=None):
        return False
    details = {"why": why} if why else None
    record(
        Action.PERSON_DISABLED, actor=by, target=of_person(user), request=request, details=details
    )
    end_all(user)
    return True


def _lapsed() -> QuerySet[Identity]:
    """Return who is shut out until their provider lets them in again: see oidc/renewing.py."""
    return Identity.objects.exclude(lapsed_at=None)


def enable(user: User, *, by: Actor, why: str = "", request: HttpRequest | None = None) -> bool:
    """Let somebody in again; False when they are active. Sessions and tokens stay ended."""
    with transaction.atomic():
        fresh = User.objects.select_for_update().get(pk=user.pk)
        if fresh.is_active:
            return False
        fresh.is_active = user.is_active = True
        fresh.save(update_fields=["is_active"])
        _lapsed().filter(user=fresh).update(lapsed_at=None)
        record(
            Action.PERSON_ENABLED,
            actor=by,
            target=of_person(user),
            request=request,
            details={"why": why} if why else None,
        )
    return True


def end_all(user: User) -> None:
    """End the sessions, tokens and emergency access of somebody who is not active any more.

    The tokens of who may come back by signing in again open nothing meanwhile, and stay.
    """
    with transaction.atomic():
        end_all_sessions(user, by=APPLIANCE)
        if not _lapsed().filter(user=user).exists():
            revoke_all(user, by=APPLIANCE)
        for glass in user.broken_glass.filter(closed_at=None, ends_at__gt=timezone.now()):
            close_glass(glass, by=APPLIANCE)


def ends_with_being_active(
    sender: type[User],
    instance: User,
    *,
    update_fields: frozenset[str] | None = None,
    **more: Any,
) -> None:
    """Hear of every saved account, from a page, a directory or a command."""
    if not instance.is_active and (update_fields is None or "is_active" in update_fields):
        end_all(instance)


def end_left() -> int:
    """Do the same for accounts that were changed past the models; return how many held something."""
    now = timezone.now()
    with_token = ApiToken.objects.filter(revoked_at=None, expires_at__gt=now)
    with_glass = BrokenGlass.objects.filter(closed_at=None, ends_at__gt=now)
    held = (
        Q(pk__in=UserSession.objects.values("user"))
        | Q(pk__in=with_token.exclude(user__in=_lapsed().values("user")).values("user"))
        | Q(pk__in=with_glass.values("user"))
    )
    people = list(User.objects.filter(held, is_active=False))
    for user in people:
        end_all(user)
    return len(people)
