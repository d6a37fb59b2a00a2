"""What a browser sends as a passkey, before anybody is signed in: whatever it is, it is none."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from appliance.accounts.models import User
from tests.appliance.accounts.signing import sign_in

pytestmark = [pytest.mark.services, pytest.mark.django_db]

RESPONSE = {
    "clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": "MQ",
    "attestationObject": "AAAA",
}  # fmt: skip
WHOLE = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": RESPONSE}
ODD = {
    "number": "1",
    "digits": "9" * 5000,
    "deep": "[" * 100_000,
    "list": "[]",
    "text": '"x"',
    "empty": "{}",
    "null": "null",
    "nul": '{"id": "\\u0000"}',
    "surrogate": json.dumps(WHOLE | {"id": "\ud800", "rawId": "\ud800"}),
    "handle": json.dumps(WHOLE | {"response": RESPONSE | {"userHandle": "____"}}),
    "wrong": json.dumps(WHOLE | {"response": 7}),
    "whole": json.dumps(WHOLE),
    "infinite": json.dumps(WHOLE | {"clientExtensionResults": {"a": float("inf")}}),
}


@pytest.mark.parametrize("odd", ODD)
def test_nobody_signs_in_by_it(client: Client, owner: User, odd: str) -> None:
    client.get("/accounts/2fa/passkeys/login/", headers={"Accept": "application/json"})
    answer = client.post("/accounts/2fa/passkeys/login/", {"credential": ODD[odd]})
    assert answer.status_code < 500
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("odd", ODD)
def test_nobody_adds_one_by_it(client: Client, owner: User, odd: str) -> None:
    sign_in(client, owner)
    client.get("/accounts/2fa/passkeys/add/")
    answer = client.post("/accounts/2fa/passkeys/add/", {"name": "x", "credential": ODD[odd]})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()
