"""Signing in with an account of this appliance, beside the buttons of the directories."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from appliance.accounts.directories.kinds import KINDS, kind_of
from appliance.accounts.models import Directory, SignInRules, User

View = Callable[..., HttpResponseBase]


@method_decorator(login_not_required, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class SignInView(LoginView):  # type: ignore[misc]
    """allauth's, with the directories above its form."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        directories = Directory.objects.filter(is_enabled=True, kind__in=KINDS)
        doors = [(each, kind_of(each).sign_in_address(each)) for each in directories]
        rules = SignInRules.current()
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "doors": [(each, address) for each, address in doors if address],
            "has_other_accounts": not rules.directories_only,
        }


login = SignInView.as_view()


@login_not_required
def absent(request: HttpRequest) -> HttpResponse:
    """There is no such page here."""
    raise Http404


def for_local_accounts(view: View) -> View:
    """Answer 404 to people of a directory: a password or a passkey of theirs here would still let
    them in after the directory has let them go."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if isinstance(user, User) and not user.has_usable_password():
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
