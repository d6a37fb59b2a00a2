"""The protocol: oauthlib's code grant with PKCE, renewal and revocation, and nothing else of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    CustomOAuth2Error,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
)
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

from appliance.accounts.bearer import MCP
from appliance.accounts.models import OAuthProgram, User
from appliance.accounts.oauth.granting import ACCESS_LIFETIME, new_refresh_text
from appliance.accounts.oauth.validator import CHALLENGE, Validator
from appliance.accounts.tokens import TokenNotMade, new_text


@dataclass(frozen=True, slots=True)
class Wish:
    """A program's request to be let in, found to be in order."""

    program: OAuthProgram
    redirect_uri: str
    rights: list[str]
    state: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a program is answered."""

    headers: dict[str, str]
    body: str
    status: int


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # oauthlib has no types
    """Takes no challenge that can be read as its own answer ("plain")."""

    _code_challenge_methods: ClassVar[dict[str, Any]] = {"S256": code_challenge_method_s256}


class _Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):  # type: ignore[misc]
    """The three endpoints over one validator."""

    def __init__(self, request: HttpRequest) -> None:
        validator = Validator(request)
        code = _CodeGrant(validator)
        bearer = BearerToken(
            validator,
            token_generator=lambda _: new_text(),
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            refresh_token_generator=lambda _: new_refresh_text(),
        )
        AuthorizationEndpoint.__init__(self, "code", bearer, {"code": code})
        grants = {"authorization_code": code, "refresh_token": RefreshTokenGrant(validator)}
        TokenEndpoint.__init__(self, "authorization_code", bearer, grants)
        RevocationEndpoint.__init__(self, validator)


def issuer_of(request: HttpRequest) -> str:
    """Return the name of this appliance as programs know it: its address."""
    return request.build_absolute_uri("/").rstrip("/")


def wish_of(request: HttpRequest) -> Wish:
    """Return what the address of the page asks for. Raises oauthlib's errors: fatal ones are for the
    person alone, the others for the program."""
    scopes, found = _Server(request).validate_authorization_request(_asked(request), "GET", "", {})
    asked = found["request"]
    wish = Wish(asked.client, found["redirect_uri"], scopes, found["state"])
    problem: OAuth2Error | None = None
    if not CHALLENGE.fullmatch(found.get("code_challenge") or ""):
        problem = InvalidRequestError("The code challenge is no SHA-256.", request=asked)
    elif not _is_ours(request, request.GET.getlist("resource")):
        problem = CustomOAuth2Error("invalid_target", "Tokens are for MCP here.", request=asked)
    if problem:
        problem.redirect_uri = wish.redirect_uri
        raise problem
    return wish


def address_after(request: HttpRequest, user: User, rights: list[str], days: int) -> str:
    """Let the program in, and return where its person is sent: with the code for it."""
    credentials = {"user": user, "days": days}
    with transaction.atomic():
        headers, _, _ = _Server(request).create_authorization_response(
            _asked(request), "GET", "", {}, rights, credentials
        )
    return _signed(request, headers["Location"])


def address_with(request: HttpRequest, wish_uri: str, error: OAuth2Error) -> str:
    """Return where somebody is sent to tell the program that it is not let in."""
    return _signed(request, error.in_uri(wish_uri))


def denied(wish: Wish) -> OAuth2Error:
    return AccessDeniedError(state=wish.state)


def exchanged(request: HttpRequest) -> Told:
    """Change a code, or a refresh token, for a token."""
    if not _is_ours(request, request.POST.getlist("resource")):
        return _problem(CustomOAuth2Error("invalid_target", "Tokens are for MCP here."))
    try:
        with transaction.atomic():
            return Told(*_Server(request).create_token_response("/", "POST", _body(request), {}))
    except TokenNotMade as exc:
        return _problem(InvalidGrantError(str(exc)))


def revoked(request: HttpRequest) -> Told:
    """End a token that its program hands back."""
    with transaction.atomic():
        told = _Server(request).create_revocation_response("/", "POST", _body(request), {})
    headers, body, status = told
    return Told(headers, body or "", status)


def _problem(error: OAuth2Error) -> Told:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Told(headers, error.json, error.status_code)


def _asked(request: HttpRequest) -> str:
    # Written anew, because oauthlib refuses letters that browsers leave as they are.
    return f"/?{request.GET.urlencode()}"


def _body(request: HttpRequest) -> str:
    return request.POST.urlencode()


def _is_ours(request: HttpRequest, resources: list[str]) -> bool:
    """Return whether a token is wanted for this appliance's MCP (RFC 8707), or nothing is said."""
    own = issuer_of(request)
    return {one.rstrip("/").lower() for one in resources} <= {own, f"{own}{MCP}"}


def _signed(request: HttpRequest, uri: str) -> str:
    """Say who answers (RFC 9207), so that no other server's answer is taken for ours."""
    return str(add_params_to_uri(uri, [("iss", issuer_of(request))]))
