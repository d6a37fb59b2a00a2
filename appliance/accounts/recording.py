"""Records what allauth and Django do about sign-in; they tell of it by their signals only."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from appliance.accounts.models import User
from appliance.accounts.second_factor import MISSING_KEY, note_at_sign_in
from appliance.accounts.signing_in import directory_slug_of, methods_of
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record


def connect() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="plumbline")
    user_logged_out.connect(_signed_out, dispatch_uid="plumbline")
    for signal in (password_changed, password_set):
        signal.connect(_password_changed, dispatch_uid="plumbline")
    for signal in (authenticator_added, authenticator_reset):
        signal.connect(_factor_added, dispatch_uid="plumbline")
    authenticator_removed.connect(_factor_removed, dispatch_uid="plumbline")


def _person(user: User) -> Target:
    return Target("person", str(user.pk), user.get_username())


def _signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    details: dict[str, Any] = {"methods": methods_of(request)}
    if slug := directory_slug_of(request):
        details["directory"] = slug
    record(Action.SIGNED_IN, actor=user, target=_person(user), request=request, details=details)
    note_at_sign_in(request, user)


def _signed_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record(Action.SIGNED_OUT, actor=user, target=_person(user), request=request)


def _password_changed(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(Action.PASSWORD_CHANGED, actor=user, target=_person(user), request=request)


def _factor_added(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    details = {"type": str(authenticator.type)}
    record(
        Action.SECOND_FACTOR_ADDED,
        actor=user,
        target=_person(user),
        request=request,
        details=details,
    )
    if is_mfa_enabled(user):
        request.session.pop(MISSING_KEY, None)


def _factor_removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    details = {"type": str(authenticator.type)}
    record(
        Action.SECOND_FACTOR_REMOVED,
        actor=user,
        target=_person(user),
        request=request,
        details=details,
    )
    note_at_sign_in(request, user)
