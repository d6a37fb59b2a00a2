"""Programs at the door: `Authorization: Bearer` for addresses of programs, and nothing else there.

Elsewhere the header means nothing, and here a session means nothing: so neither can stand in for
the other, and no page of another site can use a reader's session on the API.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from appliance.accounts.models import ApiToken, TokenRight, User
from appliance.accounts.refusals import address_of, record_refusal
from appliance.accounts.tokens import TokenRefused, find_token, grant_of, note_use
from appliance.audit.recording import Target
from appliance.common.problems import problem

MCP = "/mcp"
PREFIXES = ("/api/", "/v1/", MCP)
# Where a program that has no token yet asks a person for one.
WITHOUT_TOKEN = {
    "/api/v1/device", "/api/v1/device/token",
    "/api/v1/oauth/register", "/api/v1/oauth/token", "/api/v1/oauth/revoke",
}  # fmt: skip
LONGEST_TOKEN = 200


class TokenRequest(HttpRequest):
    """What the middleware guarantees to the views of the API."""

    user: User
    token: ApiToken


class BearerMiddleware:
    """Puts the person of a token on requests of the API; refuses all others there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not path.startswith(PREFIXES) or path in WITHOUT_TOKEN:
            return self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            return problem(400, "Send a token without a session: leave the cookies out.")
        try:
            token = _admitted(request, find_token(_text_in(request)))
        except TokenRefused as exc:
            _refused(request, exc)
            response = problem(401, "Send a valid token: Authorization: Bearer TOKEN.")
            response["WWW-Authenticate"] = _how_to_get_in(request)
            return response
        note_use(token, address_of(request))
        request.user = token.user
        request.token = token  # type: ignore[attr-defined]  # see TokenRequest
        return self.get_response(request)


def lacks(request: TokenRequest, right: TokenRight) -> bool:
    """Return whether this request's token was not made for that; a refusal is recorded."""
    if right in request.token.rights:
        return False
    _refused(request, TokenRefused(f"lacks the right {right}", request.token))
    return True


def _admitted(request: HttpRequest, token: ApiToken) -> ApiToken:
    """Refuse elsewhere what a program got for MCP (RFC 8707): its person agreed to no more."""
    if grant_of(token) and not request.path_info.startswith(MCP):
        raise TokenRefused("is for MCP alone", token)
    return token


def _how_to_get_in(request: HttpRequest) -> str:
    """Return what a program without a token is told: at MCP, where it can ask for one (RFC 9728)."""
    told = 'Bearer realm="Plumbline"'
    if not request.path_info.startswith(MCP):
        return told
    page = request.build_absolute_uri(reverse("oauth_resource"))
    return f'{told}, resource_metadata="{page}", scope="{" ".join(TokenRight.values)}"'


def _text_in(request: HttpRequest) -> str:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    text = text.strip()
    if kind.lower() != "bearer" or not text:
        raise TokenRefused("missing")
    if len(text) > LONGEST_TOKEN:
        raise TokenRefused("unknown")
    return text


def _refused(request: HttpRequest, refused: TokenRefused) -> None:
    """Record a refused token; never a letter of an unknown one."""
    token = refused.token
    if refused.reason != "missing":
        target = Target("token", str(token.pk), token.name) if token else None
        actor = token.user if token else None
        record_refusal(request, refused.reason, actor=actor, target=target)
