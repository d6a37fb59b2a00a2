"""Changes of power need a fresh sign-in: an unlocked screen must not be enough to make an admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from appliance.accounts.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def fresh_sign_in_required(view: View[P]) -> View[P]:
    """Ask for the password, or what somebody has instead, unless they gave it a moment ago.

    Who has nothing of that here, because a directory signs them in, must have signed in just now.
    """
    confirmed = cast(View[P], reauthentication_required(view))

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if get_adapter().get_reauthentication_methods(request.user):
            return confirmed(request, *args, **kwargs)
        if _signed_in_lately(request):
            return view(request, *args, **kwargs)
        return render(request, "account/sign_in_again.html", status=403)

    return guarded


def _signed_in_lately(request: HttpRequest) -> bool:
    user = request.user
    if not isinstance(user, User) or user.last_login is None:
        return False
    limit = timedelta(seconds=app_settings.REAUTHENTICATION_TIMEOUT)
    return timezone.now() - user.last_login < limit
