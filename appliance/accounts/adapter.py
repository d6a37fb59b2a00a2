"""What this product decides about local sign-in where allauth lets a site decide."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from appliance.accounts.directories.names import same_name
from appliance.accounts.models import User
from appliance.accounts.refusals import record_refusal
from appliance.accounts.signing_in import LOCAL_BACKEND, may_sign_in_locally
from appliance.audit.actions import Action
from appliance.audit.recording import Target


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves; wrong passwords are counted and recorded."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "The name or the password is not right.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(
        self,
        request: HttpRequest,
        user: User,
        *,
        signal_kwargs: dict[str, Any] | None,
        **kwargs: Any,
    ) -> HttpResponse | None:
        """Refuse people who are switched off, and local accounts where directories are required."""
        if not user.is_active:
            _record_refusal(request, user.get_username(), "disabled")
        response = super().pre_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        if response is not None:
            return response  # type: ignore[no-any-return]
        by_directory = "sociallogin" in (signal_kwargs or {})
        is_ours = getattr(user, "backend", LOCAL_BACKEND) == LOCAL_BACKEND
        if by_directory or not is_ours or may_sign_in_locally(user):
            return None
        _record_refusal(request, user.get_username(), "directories_only")
        return render(request, "accounts/directories_only.html", status=403)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count all spellings of a name together, and under whatever host we were called."""
        return same_name(str(credentials.get("username", "")))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            name = str(credentials.get("username", ""))
            _record_refusal(request, name, "too_many_attempts", Action.SIGN_IN_LOCKED)
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        # Each: of one name there are few before it is locked.
        _record_refusal(request, str(credentials.get("username", "")), "wrong_password", each=True)


def _record_refusal(
    request: HttpRequest,
    name: str,
    reason: str,
    action: Action = Action.SIGN_IN_FAILED,
    *,
    each: bool = False,
) -> None:
    """Record a name that was tried, which need not be anybody's."""
    target = Target("person", "", name[:200])
    record_refusal(request, reason, action=action, target=target, each=each)
