"""OpenID Connect through allauth: its state and PKCE, with a nonce and a full test of the token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse

from appliance.accounts.directories.fetching import NotFetched, fetch_json
from appliance.accounts.directories.provider import Vouched, VouchedFor, app_of
from appliance.accounts.models import Directory
from appliance.accounts.oidc.metadata import BadMetadata, Metadata, keys_of, metadata_of
from appliance.accounts.oidc.tokens import TokenRefused, claims_of

SCOPES = ["openid", "profile", "email"]


class OidcClient(OAuth2Client):  # type: ignore[misc]
    """Sends id and secret in a header as RFC 6749, 2.3.1, has it: both in the form of a form first.

    allauth leaves that out, so a secret with a sign such as % or + was none.
    """

    consumer_key: str
    consumer_secret: str

    def get_access_token(self, code: str, *args: Any, **kwargs: Any) -> Any:
        if not self.basic_auth:
            return super().get_access_token(code, *args, **kwargs)
        written = self.consumer_key, self.consumer_secret
        self.consumer_key, self.consumer_secret = map(quote_plus, written)
        try:
            return super().get_access_token(code, *args, **kwargs)
        finally:
            self.consumer_key, self.consumer_secret = written


class OidcAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Speaks with one provider: exchanges the code, and believes only a token that proves itself."""

    client_class = OidcClient

    def __init__(self, request: HttpRequest, provider: OidcProvider) -> None:
        self._provider = provider
        self._metadata: Metadata | None = None
        self.state: Mapping[str, Any] = {}
        super().__init__(request, provider.directory.slug)

    def get_provider(self) -> OidcProvider:
        return self._provider

    @property
    def metadata(self) -> Metadata:
        if self._metadata is None:
            try:
                self._metadata = metadata_of(self._provider.directory)
            except (NotFetched, BadMetadata) as exc:
                raise OAuth2Error(str(exc)) from exc
        return self._metadata

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return what allauth's own code reads of the provider's description."""
        return {
            "token_endpoint": self.metadata.token_endpoint,
            "authorization_endpoint": self.metadata.authorization_endpoint,
            "token_endpoint_auth_methods_supported": list(self.metadata.methods),
        }

    @property
    def basic_auth(self) -> bool:
        """Send the secret in a header where the provider does not take it in the form.

        A provider that does not say has the default of the standard: the header.
        """
        if not self._provider.app.secret:
            return False
        return not self.metadata.takes_secret_in_form

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return who signed in. Raises OAuth2Error, which the view records and refuses."""
        try:
            claims = self._claims(str(kwargs["response"].get("id_token") or ""))
            told = self._told_beside(token.token, claims) | claims  # what is signed comes first
        except (TokenRefused, NotFetched, BadMetadata) as exc:
            raise OAuth2Error(str(exc)) from exc
        vouched = Vouched(claims["sub"], told)
        return self._provider.sociallogin_from_response(request, vouched)

    def _claims(self, id_token: str) -> dict[str, Any]:
        stashed = self.state.get("data") or {}
        return claims_of(
            id_token,
            keys_of(self.metadata),
            issuer=self.metadata.issuer,
            client_id=self._provider.app.client_id,
            nonce=str(stashed.get("nonce", "")),
        )

    def _told_beside(self, access_token: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for what many providers leave out of the ID token: names and groups."""
        address = self.metadata.userinfo_endpoint
        if not address or self._provider.directory.settings.get("skip_userinfo"):
            return {}
        told = fetch_json(address, bearer=access_token)
        if told.get("sub") != claims["sub"]:
            raise TokenRefused("what the provider tells beside the ID token is about somebody else")
        return told


class OidcProvider(VouchedFor, OpenIDConnectProvider):  # type: ignore[misc]
    """One directory of the kind OpenID Connect."""

    oauth2_adapter_class = OidcAdapter

    def __init__(self, request: HttpRequest, app: SocialApp) -> None:
        super().__init__(request, app)
        self.directory: Directory = app.directory

    @classmethod
    def of(cls, request: HttpRequest, directory: Directory) -> OidcProvider:
        return cls(request, app_of(directory))

    def get_oauth2_adapter(self, request: HttpRequest) -> OidcAdapter:
        return OidcAdapter(request, self)

    def get_pkce_params(self) -> dict[str, str]:
        """Always prove the code's owner, by S256, also where a secret proves the client."""
        return dict(generate_code_challenge())

    def get_scope(self) -> list[str]:
        return list(dict.fromkeys([*SCOPES, *self.directory.settings.get("scopes", ())]))

    def send_away(self, request: HttpRequest, next_url: str | None) -> HttpResponse:
        """Begin a sign-in. Raises OAuth2Error when the provider's description cannot be had."""
        nonce = secrets.token_urlsafe(24)
        response: HttpResponse = self.redirect(
            request,
            AuthProcess.LOGIN,
            next_url,
            {"nonce": nonce},
            scope=self.get_scope(),
            auth_params={"nonce": nonce},
        )
        return response
