"""Notices on their way out: signed, tried again, to allowed hosts alone, and never to who left."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from smtplib import SMTPException
from unittest.mock import patch

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.hooks.gitlab import is_signed
from appliance.sources.models import Delivery, Grant, SavedSearch
from appliance.sources.saved import outgoing, sending
from appliance.sources.saved.delivering import deliver_waiting
from appliance.sources.saved.looking import look_around
from appliance.sources.saved.targets import remove_target, set_target
from indexer.models import Source
from tests.appliance.sources.saved.conftest import Change, Receiver, saved

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def secret(owner: User, shop: Source, change: Change, receiver: Receiver) -> str:
    """A notification that waits to be posted, and the secret of its webhook."""
    secret = set_target(owner, receiver.url)
    saved(owner, by_webhook=True)
    change({"shop/new.py": "add_item([], 'a canary of code')\n"})
    look_around()
    return secret


@pytest.fixture
def mailed(owner: User, shop: Source, change: Change, settings: Settings) -> User:
    settings.EMAIL_HOST, settings.ADDRESS = "mail.example.com", "https://plumbline.example.com"
    owner.email = "owner@example.com"
    owner.save()
    saved(owner, by_mail=True)
    change({"shop/new.py": "add_item([], 'a canary of code')\n"})
    look_around()
    return owner


def state() -> str:
    return Delivery.objects.get().state


def make_due() -> None:
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_webhook_is_signed_and_holds_no_code(secret: str, receiver: Receiver) -> None:
    assert deliver_waiting() == 1
    [(headers, body)] = receiver.got
    assert is_signed(headers, body, secret)  # by the check of notices from GitLab, a second hand
    assert not is_signed(headers, body + b" ", secret)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["host"].startswith("localhost:")
    sent = json.loads(body)
    assert sent["type"] == "search.matched"
    assert sent["data"]["places"] == [{"source": "shop", "path": "shop/new.py", "count": 1}]
    assert b"canary" not in body
    assert b"add_item" not in body
    assert (deliver_waiting(), state()) == (0, "sent")


def test_what_is_not_taken_is_tried_again_under_the_same_id(
    secret: str, receiver: Receiver
) -> None:
    receiver.status = 500
    assert deliver_waiting() == 0
    assert state() == "waiting"
    assert deliver_waiting() == 0  # not yet
    assert len(receiver.got) == 1
    make_due()
    receiver.status = 200
    assert deliver_waiting() == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_it_gives_up_in_the_end_or_when_told_so(secret: str, receiver: Receiver) -> None:
    receiver.status = 503
    for _ in range(sending.MOST_ATTEMPTS):
        make_due()
        deliver_waiting()
    assert state() == "failed"
    assert len(receiver.got) == sending.MOST_ATTEMPTS
    Delivery.objects.update(state="waiting", attempts=0)
    receiver.status = 410
    make_due()
    deliver_waiting()
    assert (state(), Delivery.objects.get().attempts) == ("failed", 1)


def test_a_redirect_is_not_followed(secret: str, receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, receiver.url + "/elsewhere"
    deliver_waiting()
    assert len(receiver.got) == 1
    assert Delivery.objects.get().error == "localhost answered with the status 307."


def test_a_name_that_leads_to_this_machine_is_not_connected(
    secret: str, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_NETWORKS = []
    with patch.object(outgoing, "resolve_host", lambda _: ["127.0.0.1", "169.254.169.254"]):
        assert deliver_waiting() == 0
    assert receiver.got == []
    assert "may not be connected" in Delivery.objects.get().error
    assert state() == "failed"


def test_a_host_that_is_not_allowed_any_more_gets_nothing(
    secret: str, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_HOSTS = ["chat.example.com"]
    deliver_waiting()
    assert (receiver.got, state()) == ([], "failed")


def test_a_certificate_of_somebody_else_is_not_trusted(
    secret: str, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_CA_FILE = None
    deliver_waiting()
    assert (receiver.got, state()) == ([], "waiting")


@pytest.mark.parametrize("why", ["left", "no access", "no webhook"])
def test_what_may_not_be_told_any_more_is_not_sent(
    why: str, secret: str, receiver: Receiver, owner: User
) -> None:
    if why == "left":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    elif why == "no access":
        Grant.objects.all().delete()
    else:
        remove_target(owner)
    assert deliver_waiting() == 0
    assert receiver.got == []
    assert state() in {"dropped", "failed"}


def test_a_mail_names_places_and_no_code(mailed: User) -> None:
    assert deliver_waiting() == 1
    [message] = mail.outbox
    assert message.to == ["owner@example.com"]
    assert message.subject == "New matches: Adders"
    assert "shop/new.py" in message.body
    assert "https://plumbline.example.com/notifications/" in message.body
    assert "canary" not in message.body
    assert deliver_waiting() == 0


def test_a_name_adds_no_header_to_a_mail(mailed: User) -> None:
    SavedSearch.objects.update(name="x\r\nBcc: evil@example.com")
    assert deliver_waiting() == 1
    assert mail.outbox[0].message().get_all("Bcc") is None


def test_a_mail_whose_worker_dies_is_not_sent_again(mailed: User) -> None:
    with (
        patch.object(sending, "end", side_effect=KeyboardInterrupt),  # right after sending
        pytest.raises(KeyboardInterrupt),
    ):
        deliver_waiting()
    make_due()
    deliver_waiting()
    assert len(mail.outbox) == 1
    assert state() == "failed"


def test_a_relay_that_refuses_is_tried_again(mailed: User) -> None:
    with patch("django.core.mail.EmailMessage.send", side_effect=SMTPException("a password")):
        assert deliver_waiting() == 0
    assert state() == "waiting"
    assert "password" not in Delivery.objects.get().error
    make_due()
    assert deliver_waiting() == 1


def test_without_a_relay_nothing_is_mailed(mailed: User, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    deliver_waiting()
    assert (mail.outbox, state()) == ([], "failed")
