"""Every admin is mailed about emergency access; a relay that fails is shown and blocks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.glass import glass_of, open_glass
from appliance.accounts.models import BrokenGlass, Role, RoleGrant, User
from appliance.accounts.tasks import tell_admins
from tests.appliance.accounts.signing import sign_in
from tests.conftest import UserFactory
from tests.mailserver import Relay, serve_mail

pytestmark = [pytest.mark.services, pytest.mark.django_db]

REASON = "The outage of tonight:\nnobody answers."


@pytest.fixture
def relay(settings: Settings) -> Iterator[Relay]:
    with serve_mail() as made:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
        settings.EMAIL_USE_TLS = False
        settings.ADDRESS = "https://plumbline.example.com"
        yield made


@pytest.fixture
def admins(user_factory: UserFactory) -> list[User]:
    ana = user_factory("ana", email="ana@example.com", is_staff=True)
    ben = user_factory("ben", email="ben@example.com")
    RoleGrant.objects.create(role=Role.ADMIN, user=ben)
    user_factory("gone", email="gone@example.com", is_staff=True, is_active=False)
    user_factory("reader2", email="reader@example.com")
    return [ana, ben]


def told() -> tuple[str, str]:
    glass = BrokenGlass.objects.get()
    return str(glass.mail), glass.mail_detail


def test_every_admin_is_told_once_and_nobody_else(relay: Relay, admins: list[User]) -> None:
    open_glass(admins[0], REASON)
    assert told() == ("waiting", "")
    tell_admins()
    tell_admins()
    assert sorted(to for to, _ in relay.mails) == ["ana@example.com", "ben@example.com"]
    mail = relay.mails[0][1]
    assert mail["Subject"] == "Plumbline: ana opened emergency access"
    text = str(mail.get_payload())
    assert "The outage of tonight: nobody answers." in text
    assert "https://plumbline.example.com/emergency-access/" in text
    assert told() == ("sent", "to ana, ben")


def test_without_a_relay_nothing_is_tried(
    settings: Settings, admins: list[User], client: Client
) -> None:
    assert settings.EMAIL_HOST == ""  # as it is delivered
    open_glass(admins[0], REASON)
    tell_admins()
    assert told() == ("off", "")
    client.force_login(admins[1])
    assert "no relay is set" in client.get("/emergency-access/").content.decode()


def test_a_relay_that_fails_is_shown_and_tried_again_for_a_while(
    relay: Relay, admins: list[User], client: Client
) -> None:
    relay.is_down = True
    sign_in(client, admins[0])
    client.post("/emergency-access/open/", {"reason": REASON})
    assert glass_of(admins[0]) is not None  # it is open, whatever becomes of the mail
    tell_admins()
    page = client.get("/emergency-access/").content.decode()
    assert "the relay 127.0.0.1 fails" in page
    tell_admins()  # not at once
    assert BrokenGlass.objects.get().mail_tries == 1
    relay.is_down = False
    BrokenGlass.objects.update(opened_at=timezone.now() - timedelta(minutes=1))
    tell_admins()
    assert told() == ("sent", "to ana, ben")
    assert len(relay.mails) == 2


def test_it_is_given_up_after_some_tries(relay: Relay, admins: list[User]) -> None:
    relay.is_down = True
    open_glass(admins[0], REASON)
    BrokenGlass.objects.update(opened_at=timezone.now() - timedelta(hours=1))
    for _ in range(9):
        tell_admins()
    assert BrokenGlass.objects.get().mail_tries == 5
    assert told()[0] == "failed"


def test_an_address_that_is_refused_keeps_nobody_else_from_theirs(
    relay: Relay, admins: list[User], staff: User
) -> None:
    relay.refuses = {"ana@example.com"}
    open_glass(admins[0], REASON)
    tell_admins()
    assert [to for to, _ in relay.mails] == ["ben@example.com"]
    state, detail = told()
    assert state == "sent"
    assert detail.startswith("to ben; ana: ")
    assert detail.endswith("without a mail address: staff")


def test_an_address_with_a_line_break_adds_no_header(relay: Relay, admins: list[User]) -> None:
    User.objects.filter(username="ana").update(email="ana@example.com\nBcc: evil@example.com")
    open_glass(User.objects.get(username="ana"), REASON)
    tell_admins()
    assert [to for to, _ in relay.mails] == ["ben@example.com"]
    assert told()[1].startswith("to ben; ana: ")
