"""Signing in with SAML: who somebody becomes, once, and only when they asked (C01, C02)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from lxml import etree

from appliance.accounts.models import Directory, SeenAssertion, User
from appliance.accounts.saml.responses import forget_expired
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.saml.conftest import ACS, ENTITY, answered, begin, bring, is_signed_in
from tests.identity.servers import SamlIdP

pytestmark = pytest.mark.services

SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


def reasons() -> list[str]:
    events = Event.objects.filter(action=Action.SIGN_IN_FAILED)
    return [event.details["reason"] for event in events]


def test_first_sign_in_makes_a_person_and_the_next_changes_their_groups(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    response = bring(client, answered(idp, begin(client, next="/search/")))

    assert response["Location"] == "/search/", reasons()
    ana = User.objects.get(username="ana")
    assert client.session["_auth_user_id"] == str(ana.pk)
    assert list(ana.groups.values_list("name", flat=True)) == ["dev"]
    client.logout()
    idp.is_person("id-1", user="renamed", groups=["ops", "leads"])
    assert bring(client, answered(idp, begin(client)))["Location"] == "/"
    assert User.objects.get() == ana
    assert sorted(ana.groups.values_list("name", flat=True)) == ["leads", "ops"]


def test_a_response_is_good_once_and_for_one_browser(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    response = answered(idp, begin(client))
    thief = Client()

    assert bring(client, response).status_code == 302
    again = bring(client, response)
    elsewhere = bring(thief, response)
    fresh = bring(thief, answered(idp, begin(client)))

    assert [r.status_code for r in (again, elsewhere, fresh)] == [403] * 3
    assert not is_signed_in(thief)
    assert reasons()[0].startswith("replay")
    assert reasons()[1].startswith("replay")
    assert "this browser" in reasons()[2]


def test_a_used_response_is_forgotten_when_its_age_alone_refuses_it(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    bring(client, answered(idp, begin(client)))

    assert forget_expired() == 0
    SeenAssertion.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert forget_expired() == 1


def test_nobody_is_let_in_without_having_asked(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    unasked = bring(client, answered(idp, "", confirms=""), RelayState="/search/")
    claimed = bring(client, answered(idp, "ONELOGIN_never_sent"))

    assert (unasked.status_code, claimed.status_code) == (403, 403)
    assert not is_signed_in(client)
    assert "nobody asked" in reasons()[0]


def test_relay_state_leads_nowhere(client: Client, directory: Directory, idp: SamlIdP) -> None:
    response = bring(client, answered(idp, begin(client)), RelayState="https://evil.test/")

    assert response["Location"] == "/"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing is signed": ({"sign": {"message": False, "assertion": False}}, "not signed"),
    "only the message is signed": ({"sign": {"assertion": False}}, "assertion is not signed"),
    "only the assertion is signed": ({"sign": {"message": False}}, "message is not signed"),
    "signed with SHA-1": ({"sign": {"algorithm": SHA1}}, "too weak"),
    "signed with another key": ({"sign": {"key": "other.pem"}}, "Signature validation failed"),
    "another audience": ({"audience": "https://other.test/"}, "audience"),
    "no audience": ({"audience": ""}, "audience"),
    "another recipient": ({"recipient": "https://other.test/acs"}, "SubjectConfirmation"),
    "a longer recipient": ({"recipient": f"{ACS}more/"}, "Recipient"),
    "no recipient": ({"recipient": ""}, "Recipient"),
    "another destination": ({"destination": "https://other.test/acs"}, "received at"),
    "a longer destination": ({"destination": f"{ACS}../evil"}, "Destination"),
    "no destination": ({"destination": ""}, "Destination"),
    "another issuer": ({"issuer": "https://other.test/idp"}, "issuer"),
    "another request": ({"confirms": "another"}, "SubjectConfirmation"),
    "no request confirmed": ({"confirms": ""}, "InResponseTo"),
    "expired": (
        {"until": "2020-01-01T00:00:00Z", "confirmed_until": "2020-01-01T00:00:00Z"},
        "expired",
    ),
    "of tomorrow": ({"from": "2999-01-01T00:00:00Z"}, "not yet valid"),
    "without an end": ({"confirmed_until": "", "until": ""}, "NotOnOrAfter"),
    "the provider's refusal": (
        {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
        "status code",
    ),
    "a comment in the name": ({"name_id_xml": "admin<!-- -->.evil"}, "comment"),
    "an instruction in the name": ({"name_id_xml": "admin<?x y?>.evil"}, "comment"),
    "no name": ({"name_id": ""}, ""),
    "a name that changes": (
        {"format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
        "transient",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_response_that_is_wrong_in_one_way_is_refused(
    client: Client, directory: Directory, idp: SamlIdP, case: str
) -> None:
    wrong, reason = WRONG[case]

    response = bring(client, answered(idp, begin(client), **wrong))

    assert response.status_code == 403
    assert not is_signed_in(client)
    assert not User.objects.exists()
    (recorded,) = reasons()
    assert reason.lower() in recorded.lower()


def encoded(xml: bytes) -> str:
    return base64.b64encode(xml).decode()


UNREADABLE = {
    "not base64": "<xml>",
    "not XML": encoded(b"hello"),
    "another message": encoded(b"<a/>"),
    "nothing": "",
    "too long": "A" * 300_000,
    "deep": encoded(b"<a>" * 5_000),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_refused(client: Client, directory: Directory, case: str) -> None:
    assert bring(client, UNREADABLE[case]).status_code == 403
    assert len(reasons()) == 1


def test_a_document_type_is_refused_before_anything_is_expanded(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    xml = base64.b64decode(answered(idp, begin(client)))
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + xml
    outside = b'<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + xml

    assert bring(client, encoded(bomb)).status_code == 403
    assert bring(client, encoded(outside)).status_code == 403
    assert all("document type" in reason for reason in reasons())


def test_a_directory_that_is_not_enabled_does_not_exist(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    response = answered(idp, begin(client))
    Directory.objects.update(is_enabled=False)

    assert bring(client, response).status_code == 404
    assert client.get("/accounts/saml/acme/login/").status_code == 404


def test_two_providers_do_not_answer_for_each_other(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    Directory.objects.create(
        name="B", slug="b", kind="saml", is_enabled=True, settings=directory.settings
    )
    response = answered(idp, begin(client))

    taken = client.post("/accounts/saml/b/acs/", {"SAMLResponse": response})
    assert client.get(taken["Location"]).status_code == 403
    assert not is_signed_in(client)


def test_our_metadata_asks_for_both_signatures(client: Client, directory: Directory) -> None:
    response = client.get("/accounts/saml/acme/metadata/")

    described = etree.fromstring(response.content)
    assert described.get("entityID") == ENTITY
    role = described.find("{urn:oasis:names:tc:SAML:2.0:metadata}SPSSODescriptor")
    assert role is not None
    assert role.get("WantAssertionsSigned") == "true"
    assert ACS.encode() in response.content
