"""C03: the fourteen modules of the OpenID Foundation's plan for relying parties, profile Basic.

The foundation's own suite is a Java host with a database and certificates, which a build machine
does not have; these are its modules by their names ("oidcc-client-test-..."), played by the tests'
own provider: what each provider does, and what the relying party has to do then.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from appliance.accounts.models import Directory, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from indexer import sealing
from tests.appliance.accounts.oidc.conftest import begin, come_back, is_signed_in, sign_in
from tests.identity.hostile import OTHER_KEY, HostileProvider, jwks, sign

pytestmark = [pytest.mark.services, pytest.mark.django_db]

Prepare = Callable[[HostileProvider], None]
CLIENT_SECRET = "a secret: with %signs"


def claims_with(**changes: Any) -> Prepare:
    """Make the provider change claims of its token; None leaves one out."""

    def prepare(provider: HostileProvider) -> None:
        def forge(_: HostileProvider, claims: dict[str, Any]) -> str:
            return sign({k: v for k, v in (claims | changes).items() if v is not None})

        provider.forge = forge

    return prepare


def without_key_id(provider: HostileProvider) -> None:
    provider.forge = lambda _, claims: sign(claims, headers={})


def without_key_id_of_two(provider: HostileProvider) -> None:
    without_key_id(provider)
    other = {**jwks(OTHER_KEY)["keys"][0], "kid": "two"}
    provider.keys = {"keys": [other, *jwks()["keys"]]}


def unsigned(provider: HostileProvider) -> None:
    provider.forge = lambda _, claims: sign(claims, key=None, algorithm="none")


def signed_by_another(provider: HostileProvider) -> None:
    provider.forge = lambda _, claims: sign(claims, key=OTHER_KEY)


def userinfo_of_another(provider: HostileProvider) -> None:
    provider.userinfo = {"sub": "somebody-else"}


REFUSED: dict[str, Prepare] = {
    "invalid-iss": claims_with(iss="https://another.example"),
    "missing-sub": claims_with(sub=None),
    "invalid-aud": claims_with(aud="another-client"),
    "missing-iat": claims_with(iat=None),
    # The plan lets a relying party choose between trying each key and refusing: this one refuses.
    "kid-absent-multiple-jwks": without_key_id_of_two,
    # And allows an unsigned token over TLS: this one wants a signature always.
    "idtoken-sig-none": unsigned,
    "invalid-sig-rs256": signed_by_another,
    "userinfo-invalid-sub": userinfo_of_another,
    "nonce-invalid": claims_with(nonce="of another sign-in"),
}
ACCEPTED: dict[str, Prepare] = {
    "": lambda provider: None,
    "kid-absent-single-jwks": without_key_id,
    "idtoken-sig-rs256": lambda provider: None,
}


@pytest.mark.parametrize("module", REFUSED)
def test_c03_the_relying_party_refuses(
    client: Client, directory: Directory, provider: HostileProvider, module: str
) -> None:
    REFUSED[module](provider)

    response = sign_in(client, provider)

    assert response.status_code == 403
    assert not is_signed_in(client)
    assert not User.objects.exists()
    assert Event.objects.filter(action=Action.SIGN_IN_FAILED).count() == 1


@pytest.mark.parametrize("module", ACCEPTED)
def test_c03_the_relying_party_accepts(
    client: Client, directory: Directory, provider: HostileProvider, module: str
) -> None:
    ACCEPTED[module](provider)

    assert sign_in(client, provider).status_code == 302
    assert is_signed_in(client)
    assert provider.authorizations["/userinfo"] == "Bearer at"  # as a header, never in the address


def test_c03_scope_userinfo_claims(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    provider.userinfo = {
        **{"sub": "subject-1", "preferred_username": "ana", "given_name": "Ana"},
        **{"family_name": "Lima", "email": "ana@acme.test"},
    }
    asked = begin(client, provider)

    come_back(client, code="c1", state=asked["state"])

    assert {"openid", "profile", "email"} <= set(asked["scope"].split())
    ana = User.objects.get()
    assert (ana.username, ana.email) == ("ana", "ana@acme.test")


def test_c03_client_secret_basic(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    directory.sealed_secret = sealing.seal_text(CLIENT_SECRET, key=settings.SECRET_KEY)
    directory.save()
    provider.overrides = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}

    assert sign_in(client, provider).status_code == 302

    # RFC 6749, 2.3.1: both parts in the form of a form, then Base64.
    expected = b64encode(b"plumbline:a+secret%3A+with+%25signs").decode()
    assert provider.authorizations["/token"] == f"Basic {expected}"
    assert "client_secret" not in provider.asked[-1][1]
