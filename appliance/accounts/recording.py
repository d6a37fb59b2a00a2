"""Records what allauth and Django do about sign-in; they tell of it by their signals only.

Second factors are watched at their rows: allauth's own signals come after the transaction, when
a record that cannot be written would undo nothing any more.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_set
from allauth.account.signals import user_logged_in as session_opened
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialLogin
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest

from appliance.accounts.directories.provider import vouched_in
from appliance.accounts.models import User
from appliance.accounts.oidc.logging_out import note_session
from appliance.accounts.second_factor import MISSING_KEY, note_at_sign_in
from appliance.accounts.signing_in import directory_slug_of, methods_of
from appliance.accounts.targets import of_person
from appliance.audit.acting import COMMAND_LINE
from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import record


def connect() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="plumbline")
    session_opened.connect(_session_opened, dispatch_uid="plumbline")
    user_logged_out.connect(_signed_out, dispatch_uid="plumbline")
    for signal in (password_changed, password_set):
        signal.connect(_password_changed, dispatch_uid="plumbline")
    authentication_failed.connect(_factor_failed, dispatch_uid="plumbline")
    post_save.connect(_factor_saved, sender=Authenticator, dispatch_uid="plumbline")
    post_delete.connect(_factor_deleted, sender=Authenticator, dispatch_uid="plumbline")


def _signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    details: dict[str, Any] = {"methods": methods_of(request)}
    if slug := directory_slug_of(request):
        details["directory"] = slug
    record(Action.SIGNED_IN, actor=user, target=of_person(user), request=request, details=details)
    note_at_sign_in(request, user)


def _session_opened(
    sender: Any, request: HttpRequest, sociallogin: SocialLogin | None = None, **kwargs: Any
) -> None:
    """Note how a provider calls a session that it opened, so that it can end it."""
    if sociallogin is not None:
        sid = str(vouched_in(sociallogin).attributes.get("sid") or "")
        note_session(request, sociallogin.provider.directory, sid)


def _signed_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record(Action.SIGNED_OUT, actor=user, target=of_person(user), request=request)


def _password_changed(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(Action.PASSWORD_CHANGED, actor=user, target=of_person(user), request=request)


def _factor_failed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    record(
        Action.SIGN_IN_FAILED,
        actor=None,
        target=of_person(user),
        outcome=Outcome.DENIED,
        request=request,
        details={"reason": "wrong_second_factor", "type": str(authenticator.type)},
    )


def _factor_saved(sender: Any, instance: Authenticator, created: bool, **kwargs: Any) -> None:
    if created:
        request = _record_factor(Action.SECOND_FACTOR_ADDED, instance)
        if request is not None and is_mfa_enabled(instance.user):
            request.session.pop(MISSING_KEY, None)


def _factor_deleted(sender: Any, instance: Authenticator, **kwargs: Any) -> None:
    request = _record_factor(Action.SECOND_FACTOR_REMOVED, instance)
    if request is not None and request.user == instance.user:
        note_at_sign_in(request, instance.user)


def _record_factor(action: Action, factor: Authenticator) -> HttpRequest | None:
    """Record what happened to a factor, and return in which request, if it was in one."""
    request: HttpRequest | None = context.request
    record(
        action,
        actor=request.user if request is not None else COMMAND_LINE,
        target=of_person(factor.user),
        request=request,
        details={"type": str(factor.type)},
    )
    return request
