"""Changes of power need a fresh sign-in: an unlocked screen must not be enough to make an admin.

So do changes by which somebody becomes one later: of where people come from, and which groups there
stand for which here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from appliance.accounts.models import User
from appliance.accounts.requests import SignedInRequest

SECRETS = ("password", "secret")  # how the names of such fields end
AGAIN = "Enter it again, please: nothing with a password in it is kept until you have signed in."

P = ParamSpec("P")
View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def fresh_sign_in_required(view: View[P]) -> View[P]:
    """Ask for the password, or what somebody has instead, unless they gave it a moment ago.

    Who has nothing of that here, because a directory signs them in, must have signed in just now.
    """
    confirmed = cast(View[P], reauthentication_required(view))

    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if get_adapter().get_reauthentication_methods(request.user):
            with _without_secrets(request):
                return confirmed(request, *args, **kwargs)
        if _signed_in_lately(request):
            return view(request, *args, **kwargs)
        return render(request, "account/sign_in_again.html", status=403)

    return guarded


def fresh_sign_in_when(changes: Callable[[HttpRequest], bool]) -> Callable[[View[P]], View[P]]:
    """Do so for the requests that change something; the page itself may be read."""

    def decorate(view: View[P]) -> View[P]:
        fresh = fresh_sign_in_required(view)

        @wraps(view)
        def guarded(
            request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            return (fresh if changes(request) else view)(request, *args, **kwargs)

        return guarded

    return decorate


def is_sent(request: HttpRequest) -> bool:
    """Return whether somebody sends a form."""
    return request.method == "POST"


def is_saved(request: HttpRequest) -> bool:
    """Return whether a form that can be looked at before is meant to count."""
    return "save" in request.POST


@contextmanager
def _without_secrets(request: HttpRequest) -> Iterator[None]:
    """Let no form with a secret wait for the sign-in: allauth keeps it, in the clear, in the session.
    What it makes of a GET is the way back to the page."""
    try:
        yield
    except ReauthenticationRequired:
        if any(value and name.endswith(SECRETS) for name, value in request.POST.items()):
            request.method = "GET"
            messages.info(request, AGAIN)
        raise


def _signed_in_lately(request: HttpRequest) -> bool:
    user = request.user
    if not isinstance(user, User) or user.last_login is None:
        return False
    limit = timedelta(seconds=app_settings.REAUTHENTICATION_TIMEOUT)
    return timezone.now() - user.last_login < limit
