"""How somebody signed in, and whether they may sign in that way."""

from __future__ import annotations

from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest

from appliance.accounts.models import SignInRules, User

LOCAL_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# Where allauth keeps by which means the present session was opened.
METHODS_KEY = "account_authentication_methods"


def methods_of(request: HttpRequest) -> list[str]:
    """Return the means that opened this session, such as `password` and `mfa`, each once."""
    told = request.session.get(METHODS_KEY) or []
    return list(dict.fromkeys(str(entry.get("method", "")) for entry in told))


def directory_slug_of(request: HttpRequest) -> str:
    """Return through which directory somebody signed in; nothing: not by OpenID or SAML."""
    told = request.session.get(METHODS_KEY) or []
    found = [entry for entry in told if entry.get("method") == "socialaccount"]
    return str(found[-1].get("provider", "")) if found else ""


def is_local(request: HttpRequest) -> bool:
    """Return whether the session was opened with an account of this appliance."""
    by_us = request.session.get(BACKEND_SESSION_KEY, LOCAL_BACKEND) == LOCAL_BACKEND
    return by_us and "socialaccount" not in methods_of(request)


def may_sign_in_locally(user: User) -> bool:
    return user.is_emergency or not SignInRules.current().directories_only
