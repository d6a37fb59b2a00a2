"""The two addresses of a sign-in with OpenID Connect: away to the provider, and back."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from appliance.accounts.directories.fetching import NotFetched
from appliance.accounts.directories.provider import enabled_directory, next_of
from appliance.accounts.directories.refusing import refuse, refuse_logout
from appliance.accounts.models import Directory
from appliance.accounts.oidc.logging_out import log_out
from appliance.accounts.oidc.metadata import BadMetadata
from appliance.accounts.oidc.provider import OidcAdapter, OidcProvider
from appliance.accounts.oidc.tokens import TokenRefused
from indexer.errors import FetchRefused


@login_not_required
@never_cache
@require_GET
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider."""
    provider = _provider(request, provider_id)
    try:
        return provider.send_away(request, next_of(request))
    except OAuth2Error as exc:
        says = f"{provider.directory.name} cannot be reached at present. Try again in a minute."
        return refuse(request, provider.directory, str(exc), says, status=502)


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the code that the provider sends back with the browser."""
    provider = _provider(request, provider_id)
    view = _CallbackView.adapter_view(OidcAdapter(request, provider))
    response: HttpResponse = view(request)
    return response


@csrf_exempt  # no session counts here: what is posted is signed by the provider
@login_not_required
@never_cache
@require_POST
def logout(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Hear from the provider that somebody signed out there (OpenID Back-Channel Logout 1.0)."""
    directory = enabled_directory(Directory.Kind.OIDC, provider_id)
    if directory is None:
        raise Http404
    try:
        log_out(directory, request.POST.get("logout_token", ""), request)
    except (TokenRefused, NotFetched, BadMetadata) as exc:
        refuse_logout(request, directory, str(exc))
        told = {
            "error": "invalid_request",
            "error_description": "The logout token is not accepted.",
        }
        return JsonResponse(told, status=400)
    return HttpResponse(status=200)


class _CallbackView(OAuth2CallbackView):  # type: ignore[misc]
    """allauth's, with the state handed to the adapter and the issuer compared (RFC 9207)."""

    adapter: OidcAdapter

    def _get_state(self, request: HttpRequest, provider: OidcProvider) -> tuple[Any, Any]:
        state, response = super()._get_state(request, provider)
        if state is None:
            return state, response
        self.adapter.state = state
        if wrong := _wrong_issuer(request, self.adapter):
            says = "The answer came from another provider than the one that was asked."
            return None, refuse(request, provider.directory, wrong, says)
        return state, None


def _wrong_issuer(request: HttpRequest, adapter: OidcAdapter) -> str:
    """Return why an answer is another provider's: two of them must not be mixed up."""
    named = request.GET.get("iss")
    try:
        metadata = adapter.metadata
    except OAuth2Error as exc:
        return str(exc)
    if named is None and metadata.names_itself:
        return "the answer does not say which provider it comes from (iss is missing)"
    if named is not None and named != metadata.issuer:
        return "the answer comes from another provider (iss differs)"
    return ""


def _provider(request: HttpRequest, slug: str) -> OidcProvider:
    directory = enabled_directory(Directory.Kind.OIDC, slug)
    if directory is None:
        raise Http404
    try:
        return OidcProvider.of(request, directory)
    except FetchRefused as exc:  # the secret was sealed with another key
        raise ImmediateHttpResponse(refuse(request, directory, str(exc), status=502)) from exc
