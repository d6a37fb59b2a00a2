"""What allauth asks about sign-in through directories."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.http import HttpRequest

from appliance.accounts.directories.claims import told_by
from appliance.accounts.directories.fetching import Session
from appliance.accounts.directories.people import NotLetIn, let_in
from appliance.accounts.directories.provider import ALLAUTH_NAMES, app_of, vouched_in
from appliance.accounts.directories.refusing import TRY_AGAIN, refuse
from appliance.accounts.models import Directory
from appliance.accounts.oidc.renewing import keep_renewal


class DirectoryAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Our directories are allauth's apps, and our identities decide who somebody is."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the enabled directories; no app of allauth's own table counts."""
        directories = Directory.objects.filter(is_enabled=True, kind__in=ALLAUTH_NAMES)
        apps = [app_of(directory) for directory in directories]
        return [
            app
            for app in apps
            if provider in {None, app.provider, app.provider_id}
            and client_id in {None, app.client_id}
        ]

    def get_requests_session(self) -> Session:
        return Session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False  # `pre_social_login` has made the person, or refused

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Say who it is whom a directory vouches for, or refuse."""
        directory: Directory = sociallogin.provider.directory
        vouched = vouched_in(sociallogin)
        told = told_by(directory, vouched.subject, vouched.attributes)
        try:
            sociallogin.user = let_in(directory, told)
        except NotLetIn as exc:
            response = refuse(
                request, directory, exc.reason, exc.says, action=exc.action, details=exc.details
            )
            raise ImmediateHttpResponse(response) from exc
        if sociallogin.token is not None:
            keep_renewal(directory, told.subject, sociallogin.token.token_secret)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Answer with our own page instead of allauth's, and record why."""
        if error == AuthError.CANCELLED:
            reason, says = "cancelled", "You left the sign-in before it was finished."
        elif exception is not None:
            reason, says = str(exception) or type(exception).__name__, TRY_AGAIN
        else:
            told = request.GET.get("error", "")[:100]
            reason, says = told or "the state is unknown, used or too old", TRY_AGAIN
        raise ImmediateHttpResponse(refuse(request, provider.directory, reason, says))
