"""Where one is signed in: listed, ended from afar, and kept by nobody who was locked out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.accounts.sessions import device_of
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.signing import PASSWORD

pytestmark = [pytest.mark.services, pytest.mark.django_db]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(user: User, agent: str = FIREFOX) -> Client:
    client = Client(headers={"User-Agent": agent})
    answer = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/sessions/").status_code == 200)


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604.1",
         "Safari on iPhone"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
    ],
)  # fmt: skip
def test_a_device_has_a_name(agent: str, device: str) -> None:
    assert device_of(agent) == device


def test_one_sees_where_one_is_signed_in_and_nobody_else(reader: User, outsider: User) -> None:
    here, there = signed_in(reader), signed_in(reader, "curl/8.5.0")
    signed_in(outsider, "Wget/1.2")
    page = here.get("/sessions/").content.decode()
    assert "Firefox on Linux" in page
    assert "curl" in page
    assert page.count("this one") == 1
    assert "Wget" not in page
    assert is_in(there)


def test_one_signs_out_there_and_stays_here(reader: User) -> None:
    here, there = signed_in(reader), signed_in(reader, "curl/8.5.0")
    other = UserSession.objects.get(user_agent="curl/8.5.0")
    here.post(f"/sessions/{other.pk}/end/")
    assert (is_in(here), is_in(there)) == (True, False)
    event = Event.objects.get(action=Action.SESSION_REVOKED)
    assert (event.actor, event.details) == ("reader", {"device": "curl", "address": "127.0.0.1"})


def test_one_signs_out_everywhere_else(reader: User, outsider: User) -> None:
    here, *others = [signed_in(reader) for _ in range(3)]
    stranger = signed_in(outsider)
    here.post("/sessions/others/end/")
    assert is_in(here)
    assert is_in(stranger)
    assert not any(map(is_in, others))
    assert Event.objects.filter(action=Action.SESSION_REVOKED).count() == 2


def test_ending_this_one_leads_to_the_door(reader: User) -> None:
    here = signed_in(reader)
    answer = here.post(f"/sessions/{UserSession.objects.get().pk}/end/")
    assert answer["Location"] == "/accounts/login/"
    assert not is_in(here)


def test_a_session_of_somebody_else_is_not_there(reader: User, outsider: User) -> None:
    mine, theirs = signed_in(reader), signed_in(outsider)
    session = UserSession.objects.get(user=outsider)
    assert mine.post(f"/sessions/{session.pk}/end/").status_code == 404
    assert mine.post("/sessions/999999/end/").status_code == 404
    assert is_in(theirs)


def test_use_is_noted_at_most_once_a_minute(reader: User) -> None:
    here = signed_in(reader)
    before = timezone.now() - timedelta(minutes=5)
    UserSession.objects.update(last_seen_at=before)
    here.get("/sessions/")
    first = UserSession.objects.get().last_seen_at
    assert first > before
    here.get("/sessions/")
    assert UserSession.objects.get().last_seen_at == first


def test_an_old_identifier_is_worth_nothing_after_signing_in(reader: User) -> None:
    """C09, fixation: what was in the browser before is not what is signed in after."""
    client = Client()
    client.get("/accounts/login/")
    client.cookies["sessionid"] = "a" * 32  # planted
    client.post("/accounts/login/", {"login": "reader", "password": PASSWORD})
    assert client.cookies["sessionid"].value != "a" * 32
    planted = Client()
    planted.cookies["sessionid"] = "a" * 32
    assert not is_in(planted)
    used = client.cookies["sessionid"].value
    client.post("/accounts/logout/")
    again = Client()
    again.cookies["sessionid"] = used
    assert not is_in(again)


def test_a_disabled_account_is_out_and_its_sessions_do_not_come_back(reader: User) -> None:
    here = signed_in(reader)
    reader.is_active = False
    reader.save()
    assert not is_in(here)
    assert not UserSession.objects.exists()
    reader.is_active = True
    reader.save()
    assert not is_in(here)
    assert not Session.objects.filter(session_key=here.cookies["sessionid"].value).exists()
