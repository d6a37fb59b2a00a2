"""Second factors: how their secrets are kept, and that admins have one where the rules say so."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin

from appliance.accounts.models import Role, SignInRules, User
from appliance.accounts.roles import has_role
from appliance.accounts.signing_in import is_local
from indexer.sealing import seal_text, unseal_text

MISSING_KEY = "second_factor_is_missing"  # of the session: nothing else before it is set up
ALLOWED_NAMES = {"account_logout", "account_reauthenticate", "theme", "healthz"}
SAYS = "The rules here ask of you to set up a second factor first."


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals the secrets of authenticator apps and recovery codes as other credentials are."""

    def encrypt(self, text: str) -> str:
        return seal_text(text, key=settings.SECRET_KEY).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal_text(encrypted_text.encode(), key=settings.SECRET_KEY)


def note_at_sign_in(request: HttpRequest, user: User) -> None:
    """Remember in the session that somebody must set up a second factor before anything else."""
    rules = SignInRules.current()
    if rules.admins_need_second_factor and is_local(request) and has_role(user, Role.ADMIN):
        request.session[MISSING_KEY] = not is_mfa_enabled(user)


class SecondFactorMiddleware(MiddlewareMixin):
    """Shows an admin without a second factor the page to set one up, whatever they asked for."""

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        if not request.session.get(MISSING_KEY):
            return None
        match = request.resolver_match
        name = (match.url_name or "") if match else ""
        if name in ALLOWED_NAMES or name.startswith("mfa_"):
            return None
        messages.warning(request, SAYS)
        return redirect("mfa_index")
