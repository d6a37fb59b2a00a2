"""SAML 2.0 through allauth: its state, and everything else by our own rules."""

from __future__ import annotations

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from appliance.accounts.directories.provider import VouchedFor, app_of
from appliance.accounts.models import Directory
from appliance.accounts.saml.config import auth_for


class SamlProvider(VouchedFor, SAMLProvider):  # type: ignore[misc]
    """One directory of the kind SAML."""

    def __init__(self, request: HttpRequest, app: SocialApp) -> None:
        super().__init__(request, app)
        self.directory: Directory = app.directory

    @classmethod
    def of(cls, request: HttpRequest, directory: Directory) -> SamlProvider:
        return cls(request, app_of(directory))

    def send_away(self, request: HttpRequest, next_url: str | None) -> HttpResponse:
        """Begin a sign-in. The id of the request is its state: only this browser may use the
        answer, and only once. Raises saml.metadata.BadMetadata."""
        auth = auth_for(request, self.directory)
        address = auth.login(return_to="")
        self.stash_redirect_state(
            request, AuthProcess.LOGIN, next_url, state_id=auth.get_last_request_id()
        )
        return HttpResponseRedirect(address)
