"""Local accounts: limits that hold, second factors, and the pages of allauth that are left (C08)."""

from __future__ import annotations

import hmac
import struct
import time
from base64 import b32decode
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django import Settings

from appliance.accounts.models import Directory, Identity, SignInRules, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.conftest import UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

PASSWORD, WRONG = "correct horse battery", "wrong"
LOCKED = b"Too many failed login attempts"


def attempt(client: Client, name: str, password: str = WRONG, **extra: Any) -> Any:
    return client.post("/accounts/login/", {"login": name, "password": password}, **extra)


def count(action: Action) -> int:
    return Event.objects.filter(action=action).count()


def code_of(secret: str, at: float | None = None) -> str:
    """Compute what an authenticator app shows (RFC 6238)."""
    counter = struct.pack(">Q", int(at or time.time()) // 30)
    mac = hmac.new(b32decode(secret), counter, "sha1").digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def test_twenty_wrong_passwords_lock_the_name_for_the_right_one_too(
    client: Client, reader: User
) -> None:
    answers = [attempt(client, "reader", REMOTE_ADDR=f"10.0.0.{n}") for n in range(20)]

    assert sum(LOCKED in answer.content for answer in answers) == 15
    right = attempt(client, "reader", PASSWORD, REMOTE_ADDR="10.0.1.1")
    assert LOCKED in right.content
    assert "_auth_user_id" not in client.session
    assert (count(Action.SIGN_IN_FAILED), count(Action.SIGN_IN_LOCKED)) == (5, 16)


def test_spellings_of_a_name_are_counted_together(client: Client, reader: User) -> None:
    spellings = [
        "reader",
        "READER",
        "réader",
        "".join(chr(ord(char) + 0xFEE0) for char in "reader"),
        "rea\u0301der",
        " Reader ",
    ]

    answers = [attempt(client, name, REMOTE_ADDR=f"10.0.0.{n}") for n, name in enumerate(spellings)]

    assert [LOCKED in answer.content for answer in answers] == [False] * 5 + [True]


def test_a_forged_header_is_no_other_address(client: Client, reader: User) -> None:
    answers = [
        attempt(client, f"name{n}", headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(20)
    ]

    assert sum(LOCKED in answer.content for answer in answers) == 10


def test_names_of_the_host_are_no_other_counter(client: Client, reader: User) -> None:
    hosts = ["localhost", "127.0.0.1", "[::1]"] * 2
    answers = [
        attempt(client, "reader", headers={"Host": host}, REMOTE_ADDR=f"10.0.0.{n}")
        for n, host in enumerate(hosts)
    ]

    assert LOCKED in answers[-1].content


def test_failures_and_sign_in_are_recorded_without_the_password(
    client: Client, reader: User
) -> None:
    attempt(client, "reader", "my other password")
    attempt(client, "reader", PASSWORD)
    client.post("/accounts/logout/")

    failed, signed_in, signed_out = Event.objects.order_by("sequence")
    assert (failed.action, failed.object_name, failed.outcome) == (
        Action.SIGN_IN_FAILED,
        "reader",
        "denied",
    )
    assert failed.details == {"reason": "wrong_password"}
    assert (signed_in.action, signed_in.actor_id) == (Action.SIGNED_IN, reader.pk)
    assert signed_in.details == {"methods": ["password"]}
    assert signed_out.action == Action.SIGNED_OUT
    assert not Event.objects.filter(details__icontains="my other password").exists()


def test_disabled_people_do_not_sign_in(client: Client, user_factory: UserFactory) -> None:
    user_factory("gone", is_active=False)

    response = attempt(client, "gone", PASSWORD)

    assert "_auth_user_id" not in client.session
    assert response.status_code in {200, 302}
    assert count(Action.SIGN_IN_FAILED) == 1


def enrol(client: Client) -> str:
    """Set up an authenticator app as a person does, and return its secret."""
    path = "/accounts/2fa/totp/activate/"
    assert client.get(path)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(path)
    assert b"<svg" in page.content
    assert b"data:image" not in page.content
    secret = str(page.context["form"].secret)
    done = client.post(path, {"code": code_of(secret)})
    assert done["Location"] == "/accounts/2fa/codes/"
    return secret


def test_second_factor_is_asked_for_and_its_secret_is_sealed(client: Client, reader: User) -> None:
    attempt(client, "reader", PASSWORD)
    secret = enrol(client)
    codes = client.get("/accounts/2fa/codes/").context["unused_codes"]
    again = client.get("/accounts/2fa/codes/")
    client.post("/accounts/logout/")

    assert codes[0] not in again.content.decode()
    for row in Authenticator.objects.filter(user=reader):
        assert secret not in str(row.data)
        assert codes[0] not in str(row.data)
    asked = attempt(client, "reader", PASSWORD)
    assert asked["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/").status_code == 302
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert b'class="errors"' in wrong.content
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert client.session["_auth_user_id"] == str(reader.pk)
    last = Event.objects.filter(action=Action.SIGNED_IN).latest("sequence")
    assert last.details == {"methods": ["password", "mfa"]}
    assert count(Action.SECOND_FACTOR_ADDED) == 2


def test_codes_cannot_be_guessed(client: Client, reader: User) -> None:
    attempt(client, "reader", PASSWORD)
    secret = enrol(client)
    client.post("/accounts/logout/")
    attempt(client, "reader", PASSWORD)

    for n in range(6):
        client.post("/accounts/2fa/authenticate/", {"code": f"00000{n}"})
    right = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret, time.time() + 30)})

    assert right.status_code != 302
    assert "_auth_user_id" not in client.session
    failed = Event.objects.filter(action=Action.SIGN_IN_FAILED)
    assert [event.details["reason"] for event in failed] == ["wrong_second_factor"] * 5


def test_admin_without_a_second_factor_sees_only_how_to_set_one_up(
    client: Client, staff: User
) -> None:
    SignInRules.objects.create(pk=1, admins_need_second_factor=True)
    attempt(client, "staff", PASSWORD)

    for path in ("/", "/directories/", "/accounts/password/change/"):
        assert client.get(path)["Location"] == "/accounts/2fa/", path
    assert client.get("/accounts/2fa/").status_code == 200
    enrol(client)
    assert client.get("/").status_code == 200


def test_readers_need_no_second_factor(client: Client, reader: User) -> None:
    SignInRules.objects.create(pk=1, admins_need_second_factor=True)
    attempt(client, "reader", PASSWORD)

    assert client.get("/").status_code == 200


def test_removing_the_second_factor_asks_for_it_again(client: Client, staff: User) -> None:
    SignInRules.objects.create(pk=1, admins_need_second_factor=True)
    attempt(client, "staff", PASSWORD)
    enrol(client)

    client.post("/accounts/2fa/totp/deactivate/")

    assert count(Action.SECOND_FACTOR_REMOVED) >= 1
    assert client.get("/")["Location"] == "/accounts/2fa/"


@pytest.mark.parametrize("password", ["short", "1q2w3e4r5t6y", "428197365012", "xreaderx"])
def test_weak_passwords_are_refused(client: Client, reader: User, password: str) -> None:
    attempt(client, "reader", PASSWORD)
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}

    client.post("/accounts/password/change/", form)

    reader.refresh_from_db()
    assert reader.check_password(PASSWORD)


def test_a_changed_password_is_recorded(client: Client, reader: User) -> None:
    attempt(client, "reader", PASSWORD)
    new = "a sentence works well"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}

    client.post("/accounts/password/change/", form)

    reader.refresh_from_db()
    assert reader.check_password(new)
    assert count(Action.PASSWORD_CHANGED) == 1


LOCAL_PAGES = ["2fa/", "2fa/totp/activate/", "2fa/passkeys/add/", "password/change/"]


@pytest.mark.parametrize("path", LOCAL_PAGES)
def test_people_of_a_directory_get_no_door_of_their_own(
    client: Client, reader: User, path: str
) -> None:
    reader.set_unusable_password()
    reader.save()
    client.force_login(reader)

    assert client.get(f"/accounts/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("signup/", "email/", "password/set/", "confirm-email/", "login/code/confirm/"),
        *("social/signup/", "social/connections/", "3rdparty/", "password/reset/key/1-set/"),
        *("2fa/recovery-codes/download/", "2fa/trust/", "saml/x/sls/"),
    ],
)
def test_pages_of_the_library_that_nobody_needs_are_not_there(
    client: Client, reader: User, path: str
) -> None:
    client.force_login(reader)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_every_page_of_the_library_is_in_our_frame(client: Client, reader: User) -> None:
    attempt(client, "reader", PASSWORD)
    enrol(client)
    paths = [
        "/" + str(pattern.pattern)
        for pattern in _patterns()
        if str(pattern.pattern).startswith(("accounts/2fa/", "accounts/reauth"))
        and "<" not in str(pattern.pattern)
        and not str(pattern.pattern).endswith("passkeys/login/")
    ]
    assert len(paths) >= 9
    for path in paths:
        response = client.get(path, follow=True)
        assert b"plumbline/base.css" in response.content, path


def _patterns() -> list[URLPattern]:
    from appliance.accounts.urls import urlpatterns

    assert get_resolver().reverse_dict
    return list(urlpatterns)


def test_directories_only_refuses_all_but_emergency_accounts(
    client: Client, user_factory: UserFactory
) -> None:
    SignInRules.objects.create(pk=1, directories_only=True)
    user_factory("ana")
    user_factory("glass", is_emergency=True, is_staff=True)

    refused = attempt(client, "ana", PASSWORD)
    assert refused.status_code == 403
    assert "_auth_user_id" not in client.session
    assert Event.objects.latest("sequence").details == {"reason": "directories_only"}
    attempt(client, "glass", PASSWORD)
    assert client.session["_auth_user_id"]


def test_sign_in_page_shows_the_doors_that_are_open(client: Client, settings: Settings) -> None:
    for slug, is_enabled in (("open", True), ("shut", False)):
        Directory.objects.create(
            name=f"The {slug} one", slug=slug, kind="oidc", is_enabled=is_enabled
        )
    Directory.objects.create(name="Sync", slug="sync", kind="scim", is_enabled=True)

    page = client.get("/accounts/login/?next=/search/").content.decode()

    assert 'href="/accounts/oidc/open/login/?next=/search/"' in page
    assert "shut" not in page
    assert "Sync" not in page


def test_an_identity_is_never_a_local_password(client: Client, reader: User) -> None:
    directory = Directory.objects.create(name="A", slug="a", kind="oidc", is_enabled=True)
    Identity.objects.create(directory=directory, user=reader, subject="s")
    reader.set_unusable_password()
    reader.save()

    attempt(client, "reader", PASSWORD)
    assert "_auth_user_id" not in client.session
