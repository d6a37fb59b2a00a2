"""An OpenID provider of the test's own, and a browser's way through a sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from appliance.accounts.models import Directory
from tests.identity.hostile import HostileProvider, hostile_provider


@pytest.fixture
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as running:
        yield running


@pytest.fixture
def directory(db: None, provider: HostileProvider) -> Directory:
    return make_directory(provider)


def make_directory(provider: HostileProvider, **settings: object) -> Directory:
    return Directory.objects.create(
        name="Acme",
        slug="acme",
        kind=Directory.Kind.OIDC,
        is_enabled=True,
        settings={
            "issuer": provider.issuer,
            "client_id": "plumbline",
            "user_name_attribute": "preferred_username",
            "email_attribute": "email",
            "groups_attribute": "groups",
            "groups_as_named": True,
            **settings,
        },
    )


def begin(
    client: Client, provider: HostileProvider, slug: str = "acme", **query: str
) -> dict[str, str]:
    """Start a sign-in, and return what the browser carries to the provider."""
    response = client.get(f"/accounts/oidc/{slug}/login/", query)
    assert response.status_code == 302, response.content
    assert response["Location"].startswith(f"{provider.issuer}/authorize?")
    asked = {k: v[0] for k, v in parse_qs(urlsplit(response["Location"]).query).items()}
    provider.nonce, provider.challenge = asked["nonce"], asked["code_challenge"]
    return asked


def come_back(client: Client, slug: str = "acme", **query: str) -> HttpResponse:
    return client.get(f"/accounts/oidc/{slug}/callback/", query)  # type: ignore[return-value]


def sign_in(client: Client, provider: HostileProvider, **query: str) -> Any:
    asked = begin(client, provider)
    return come_back(client, **({"code": "c1", "state": asked["state"]} | query))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
