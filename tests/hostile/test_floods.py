"""A flood of what is refused fills neither the record nor the disk, however many processes take it (D).

It is counted in the record itself: a second process, or a restart, gives an attacker nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from appliance.accounts import refusals
from appliance.accounts.models import Directory, TokenRight, User
from appliance.accounts.tokens import create_token, revoke_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.web.auditing import denials

pytestmark = [pytest.mark.services, pytest.mark.django_db]

FLOOD = 12
MOST = 4


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST_RECORDED", MOST)
    monkeypatch.setattr(denials, "MOST", MOST)


def wrong_password(number: int) -> None:
    where = {"REMOTE_ADDR": f"10.1.{number}.1"}
    form = {"login": f"somebody-{number}", "password": "wrong"}
    Client().post("/accounts/login/", form, **where)  # type: ignore[arg-type]


def locked_name(number: int) -> None:
    form = {"login": "somebody", "password": "wrong"}
    Client().post("/accounts/login/", form, REMOTE_ADDR=f"10.2.{number}.1")


def forged_saml(number: int) -> None:
    Client().post("/accounts/saml/partner/acs/", {}, REMOTE_ADDR=f"10.3.{number}.1")


def wrong_scim(number: int) -> None:
    bearer = {"Authorization": "Bearer x"}
    path = f"/scim/v2/x{number}/Users"
    Client().get(path, headers=bearer, REMOTE_ADDR=f"10.4.{number}.1")


def wrong_token(number: int) -> None:
    bearer = {"Authorization": "Bearer plumb_x"}
    Client().get("/api/v1/me", headers=bearer, REMOTE_ADDR=f"10.5.{number}.1")


@pytest.mark.parametrize(
    ("knock", "action", "before"),
    [
        (wrong_password, Action.SIGN_IN_FAILED, 0),
        (locked_name, Action.SIGN_IN_LOCKED, 5),
        (forged_saml, Action.SIGN_IN_FAILED, 0),
        (wrong_scim, Action.TOKEN_REFUSED, 0),
        (wrong_token, Action.TOKEN_REFUSED, 0),
    ],
)
def test_whoever_knocks_from_many_addresses_fills_no_record(
    knock: Callable[[int], None], action: Action, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Directory.objects.create(
        name="Partner", slug="partner", kind=Directory.Kind.SAML, is_enabled=True
    )
    for number in range(before + FLOOD):
        knock(number)
    recorded = Event.objects.filter(action=action)
    assert recorded.count() == MOST
    assert recorded.order_by("-sequence")[0].details["further"] == "not recorded"
    monkeypatch.setattr(refusals, "RECORDED_WITHIN", timedelta(0))  # as if a minute had passed
    knock(200)
    assert recorded.count() == MOST + 1


def test_one_address_that_tries_a_locked_name_is_recorded_once(db: None) -> None:
    for _ in range(FLOOD):
        locked_name(1)
    assert Event.objects.filter(action=Action.SIGN_IN_LOCKED).count() == 1


@pytest.mark.parametrize("is_expired", [True, False])
def test_a_token_that_ended_is_recorded_once_a_minute(reader: User, is_expired: bool) -> None:
    new = create_token(reader, name="x", rights=[TokenRight.READ], by=reader)
    if is_expired:
        type(new.token).objects.update(expires_at=new.token.created_at)
    else:
        revoke_token(new.token, by=reader)
    for _ in range(FLOOD):
        Client().get("/api/v1/me", headers={"Authorization": f"Bearer {new.text}"})
    assert Event.objects.filter(action=Action.TOKEN_REFUSED).count() == 1


def test_a_flood_of_unknown_tokens_hides_no_use_of_one_that_was_revoked(reader: User) -> None:
    new = create_token(reader, name="x", rights=[TokenRight.READ], by=reader)
    revoke_token(new.token, by=reader)
    for number in range(FLOOD):
        wrong_token(number)
    Client().get("/api/v1/me", headers={"Authorization": f"Bearer {new.text}"})
    refused = Event.objects.filter(action=Action.TOKEN_REFUSED, actor_id=reader.pk)
    assert refused.get().details == {"reason": "revoked"}


def test_who_tries_every_number_fills_no_record(client: Client, reader: User) -> None:
    client.force_login(reader)
    for number in range(1, FLOOD + 1):
        assert client.get(f"/credentials/{number}/").status_code == 404
    assert Event.objects.filter(action=Action.DENIED).count() == MOST
