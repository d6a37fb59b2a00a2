"""What oauthlib asks while it goes through the protocol: is this program known, what was agreed?

Every program is a public one: it has no secret, so it proves with PKCE that it is the one which
began. One validator serves one request.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from oauthlib.common import Request
from oauthlib.oauth2 import RequestValidator

from appliance.accounts.models import OAuthCode, OAuthGrant, OAuthProgram, TokenRight
from appliance.accounts.oauth.granting import (
    find_renewable,
    make_grant,
    renew,
    revoke_copied,
    revoke_text,
)
from appliance.accounts.oauth.redirects import is_one_of
from appliance.accounts.tokens import hash_of

CODE_LIFETIME = timedelta(seconds=60)
CLIENT_ID = re.compile(r"[0-9a-f]{32}")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # a SHA-256 in letters


class Validator(RequestValidator):  # type: ignore[misc]  # oauthlib has no types
    """Answers oauthlib from the tables; its arguments are those that oauthlib gives."""

    def __init__(self, request: HttpRequest) -> None:
        self._http = request
        self._code: OAuthCode | None = None
        self._grant: OAuthGrant | None = None

    # Programs

    def client_authentication_required(self, request: Request, *_: Any, **__: Any) -> bool:
        return False

    def authenticate_client_id(self, client_id: str, request: Request, *_: Any, **__: Any) -> bool:
        return self.validate_client_id(client_id, request)

    def validate_client_id(self, client_id: str, request: Request, *_: Any, **__: Any) -> bool:
        if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
            return False
        request.client = OAuthProgram.objects.filter(client_id=client_id).first()
        return request.client is not None

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *_: Any, **__: Any
    ) -> bool:
        return is_one_of(redirect_uri, request.client.redirect_uris)

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *_: Any, **__: Any
    ) -> str | None:
        uris = request.client.redirect_uris
        return str(uris[0]) if len(uris) == 1 else None

    def validate_response_type(self, client_id: str, response_type: str, *_: Any) -> bool:
        return response_type == "code"

    def validate_grant_type(self, *_: Any, **__: Any) -> bool:
        return True  # the server knows the two that there are

    # Rights

    def validate_scopes(self, client_id: str, scopes: list[str], *_: Any, **__: Any) -> bool:
        return set(scopes) <= set(TokenRight.values)

    def get_default_scopes(self, *_: Any, **__: Any) -> list[str]:
        return list(TokenRight.values)

    # Codes

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return True

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *_: Any, **__: Any
    ) -> None:
        OAuthCode.objects.filter(expires_at__lt=timezone.now()).delete()
        OAuthCode.objects.create(
            hash=hash_of(code["code"]),
            program=request.client,
            user=request.user,
            redirect_uri=request.redirect_uri,
            challenge=request.code_challenge,
            rights=request.scopes,
            days=request.days,
            expires_at=timezone.now() + CODE_LIFETIME,
        )

    def validate_code(self, client_id: str, code: str, client: Any, request: Request) -> bool:
        rows = OAuthCode.objects.select_for_update(of=("self",)).select_related("user", "program")
        hashed = hash_of(code)
        found = rows.filter(hash=hashed, program=client).first()
        if found is None:
            used = OAuthGrant.objects.select_related("token__user").filter(program=client)
            revoke_copied(used.filter(code_hash=hashed).first(), self._http)
            return False
        if found.expires_at <= timezone.now() or not found.user.is_active:
            return False
        self._code, request.user, request.scopes = found, found.user, found.rights
        return True

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        return self._code.challenge if self._code else None

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, *_: Any, **__: Any
    ) -> bool:
        return self._code is not None and redirect_uri == self._code.redirect_uri

    def invalidate_authorization_code(self, *_: Any, **__: Any) -> None:
        if self._code:
            self._code.delete()

    # Tokens

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Request) -> bool:
        self._grant = find_renewable(refresh_token, client.client_id, self._http)
        if self._grant:
            request.user = self._grant.token.user
        return self._grant is not None

    def get_original_scopes(self, *_: Any, **__: Any) -> list[str]:
        return list(self._grant.token.rights) if self._grant else []

    def save_bearer_token(self, token: dict[str, Any], request: Request, *_: Any) -> None:
        texts = token["access_token"], token["refresh_token"]
        if self._code:
            make_grant(self._code, *texts, self._http)
        elif self._grant:
            token["scope"] = " ".join(self._grant.token.rights)  # a renewed token loses none
            renew(self._grant, *texts, self._http)

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *_: Any) -> None:
        revoke_text(token, request.client_id, self._http)
