"""A SAML provider in a process of its own, and a browser's way through a sign-in."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from lxml import etree

from appliance.accounts.models import Directory
from tests.identity.servers import SamlIdP, saml_idp

ACS = "http://testserver/accounts/saml/acme/acs/"
ENTITY = "http://testserver/accounts/saml/acme/metadata/"


@pytest.fixture(scope="module")
def running_idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamlIdP]:
    with saml_idp(tmp_path_factory.mktemp("idp")) as idp:
        yield idp


@pytest.fixture
def idp(running_idp: SamlIdP) -> SamlIdP:
    running_idp.is_person("id-1", user="ana", mail="ana@acme.test", groups=["dev"])
    return running_idp


@pytest.fixture
def directory(db: None, idp: SamlIdP) -> Directory:
    return Directory.objects.create(
        name="Acme",
        slug="acme",
        kind=Directory.Kind.SAML,
        is_enabled=True,
        settings={
            "metadata": idp.metadata(),
            "user_name_attribute": "user",
            "email_attribute": "mail",
            "groups_attribute": "groups",
            "groups_as_named": True,
        },
    )


def begin(client: Client, **query: str) -> str:
    """Start a sign-in, and return the id of the request that the browser carries away."""
    response = client.get("/accounts/saml/acme/login/", query)
    assert response.status_code == 302, response.content
    asked = parse_qs(urlsplit(response["Location"]).query)
    xml = zlib.decompress(base64.b64decode(asked["SAMLRequest"][0]), -15)
    return str(etree.fromstring(xml).get("ID"))


def answered(idp: SamlIdP, request_id: str, **given: Any) -> str:
    return idp.respond(**({"acs": ACS, "audience": ENTITY, "in_response_to": request_id} | given))


def bring(client: Client, response: str, **form: str) -> Any:
    """Bring a response to the product as a browser does: the form, and then the redirect."""
    taken = client.post("/accounts/saml/acme/acs/", {"SAMLResponse": response} | form)
    if taken.status_code != 302:
        return taken
    return client.get(taken["Location"])


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
