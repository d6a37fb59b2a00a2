"""The addresses of sign-in by OAuth: what programs read and send, and the page of their person."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauthlib.oauth2.rfc6749.errors import FatalClientError, OAuth2Error

from appliance.accounts.device_codes import record_turned_away
from appliance.accounts.device_forms import AllowForm
from appliance.accounts.models import TokenRight
from appliance.accounts.oauth import metadata, redirects, registering, server
from appliance.accounts.requests import SignedInRequest

LONGEST_REGISTRATION = 16_384


@login_not_required
@require_safe
def resource(request: HttpRequest) -> HttpResponse:
    return JsonResponse(metadata.of_resource(request))


@login_not_required
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return JsonResponse(metadata.of_server(request))


@csrf_exempt  # no session counts here: a program without a token asks for one
@login_not_required
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """Let a program make itself known."""
    try:
        program = registering.register(_fields(request), str(request.META.get("REMOTE_ADDR", "")))
    except registering.RegistrationRefused as exc:
        told = {"error": exc.error, "error_description": str(exc)}
        return JsonResponse(told, status=exc.status)
    return JsonResponse(
        {
            "client_id": program.client_id,
            "client_id_issued_at": int(program.created_at.timestamp()),
            "client_name": program.name,
            "redirect_uris": program.redirect_uris,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": " ".join(TokenRight.values),
        },
        status=201,
    )


def _fields(request: HttpRequest) -> dict[str, Any]:
    try:
        fields = json.loads(request.body) if len(request.body) <= LONGEST_REGISTRATION else None
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise registering.RegistrationRefused("invalid_client_metadata", "Send a JSON object.")
    return fields


@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Give a program its token for a code, or the next one for a refresh token."""
    return _told(server.exchanged(request))


@csrf_exempt
@login_not_required
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Take a token back from its program."""
    return _told(server.revoked(request))


def _told(told: server.Told) -> HttpResponse:
    return HttpResponse(told.body, status=told.status, headers=told.headers)


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: SignedInRequest) -> HttpResponse:
    """Ask the person whether a program is let in; a POST is their answer."""
    try:
        wish = server.wish_of(request)
    except FatalClientError as exc:  # who asks is not known, so nobody is sent anywhere
        context = {"reason": exc.description or "The program is not known here."}
        return render(request, "accounts/oauth_refused.html", context, status=400)
    except OAuth2Error as exc:
        return _sent(server.address_with(request, str(exc.redirect_uri), exc))
    if request.method != "POST":
        return _asked(request, wish, AllowForm(asked=wish.rights))
    if request.POST.get("decision") != "allow":
        record_turned_away(request.user, "program turned away", request, "program")
        return _sent(server.address_with(request, wish.redirect_uri, server.denied(wish)))
    form = AllowForm(request.POST, asked=wish.rights)
    if not form.is_valid():
        return _asked(request, wish, form)
    given = form.cleaned_data
    return _sent(server.address_after(request, request.user, given["rights"], given["days"]))


def _asked(request: SignedInRequest, wish: server.Wish, form: AllowForm) -> HttpResponse:
    context = {
        "program": wish.program,
        "place": redirects.place_of(wish.redirect_uri),
        "form": form,
        "query": request.GET.urlencode(),
    }
    status = 400 if form.is_bound else 200
    response = render(request, "accounts/oauth_confirm.html", context, status=status)
    # Browsers follow the answer to a form only to where the policy of its page lets it lead.
    where = redirects.policy_source(wish.redirect_uri)
    response._csp_update = {"form-action": [where]}  # type: ignore[attr-defined]  # django-csp reads it
    return response


def _sent(uri: str) -> HttpResponse:
    """Send the browser to a program; Django's own redirect knows schemes of the web alone."""
    return HttpResponse(status=302, headers={"Location": uri})
