"""Changes the rules of signing in, each with its record; refuses to lock the last admin out."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest

from appliance.accounts.lockout import (
    LockedOut,
    keep_an_emergency_account,
    why_not_directories_only,
)
from appliance.accounts.models import SignInRules, User
from appliance.accounts.targets import of_person
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record


@dataclass(frozen=True, slots=True)
class Wanted:
    directories_only: bool
    admins_need_second_factor: bool


def change_rules(wanted: Wanted, actor: User, request: HttpRequest) -> None:
    """Put other rules in force. Raises LockedOut, with all that must be done before."""
    with transaction.atomic():
        rules = SignInRules.current(for_update=True)
        is_asked = wanted.directories_only and not rules.directories_only
        if is_asked and (todo := why_not_directories_only()):
            raise LockedOut(" ".join(todo))
        before = (rules.directories_only, rules.admins_need_second_factor)
        rules.directories_only = wanted.directories_only
        rules.admins_need_second_factor = wanted.admins_need_second_factor
        rules.save()
        if before != (rules.directories_only, rules.admins_need_second_factor):
            details = {
                "directories_only": rules.directories_only,
                "admins_need_second_factor": rules.admins_need_second_factor,
            }
            _record(actor, request, details)


def mark_emergency(person: User, actor: User, request: HttpRequest, *, is_emergency: bool) -> None:
    """Let an account sign in with its password always, or no longer. Raises LockedOut."""
    with transaction.atomic():
        rules = SignInRules.current(for_update=True)
        if not is_emergency and rules.directories_only:
            keep_an_emergency_account(without=person)
        person.is_emergency = is_emergency
        person.save(update_fields=["is_emergency"])
        record(
            Action.PERSON_CHANGED,
            actor=actor,
            target=of_person(person),
            request=request,
            details={"is_emergency": is_emergency},
        )


def _record(actor: User, request: HttpRequest, details: dict[str, bool]) -> None:
    target = Target("sign-in rules")
    record(Action.RULES_CHANGED, actor=actor, target=target, request=request, details=details)
