"""A sign-in that is older than the admin allows ends by itself, whatever the kind of provider."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.directories.lapsing import TOO_OLD, lapse_old
from appliance.accounts.models import ApiToken, Directory, Identity, TokenRight, User
from appliance.accounts.tasks import end_what_is_over
from appliance.accounts.tokens import create_token
from appliance.audit.models import Event

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def known(kind: str, name: str, *, hours_ago: float, **settings: object) -> Client:
    """Make somebody who signed in some hours ago, and is signed in."""
    directory, _ = Directory.objects.get_or_create(
        slug=kind, name=kind, kind=kind, is_enabled=True, settings=settings
    )
    then = timezone.now() - timedelta(hours=hours_ago)
    user = User.objects.create_user(name)
    Identity.objects.create(
        directory=directory, user=user, subject=name, signed_in_at=then, seen_at=then
    )
    browser = Client()
    browser.force_login(user)
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


@pytest.mark.parametrize("kind", ["oidc", "saml"])
def test_an_old_sign_in_ends_and_a_young_one_stays(kind: str) -> None:
    old = known(kind, "ana", hours_ago=9, sign_in_hours=8)
    young = known(kind, "ben", hours_ago=7, sign_in_hours=8)
    assert (is_in(old), is_in(young)) == (True, True)

    end_what_is_over()

    assert (is_in(old), is_in(young)) == (False, True)
    assert Event.objects.get(action="person.disabled").details["why"] == TOO_OLD
    assert lapse_old() == 0


def test_tokens_of_an_old_sign_in_wait_and_are_not_lost() -> None:
    known("saml", "ana", hours_ago=9, sign_in_hours=8)
    create_token(User.objects.get(), name="x", rights=[TokenRight.READ], by="ana")
    assert lapse_old() == 1
    end_what_is_over()
    assert ApiToken.objects.get().revoked_at is None
    assert not User.objects.get().is_active


@pytest.mark.parametrize("hours", [None, ""])
def test_without_a_limit_nobody_is_shut_out(hours: object) -> None:
    browser = known("oidc", "ana", hours_ago=10_000, sign_in_hours=hours)
    assert lapse_old() == 0
    assert is_in(browser)


def test_whom_scim_brought_and_who_never_signed_in_is_left_to_scim() -> None:
    browser = known("oidc", "ana", hours_ago=9, sign_in_hours=8)
    Identity.objects.update(signed_in_at=None)
    assert lapse_old() == 0
    assert is_in(browser)


def test_an_admin_sees_who_waits_and_can_shut_them_out_for_good(staff: User) -> None:
    known("saml", "ana", hours_ago=9, sign_in_hours=8)
    lapse_old()
    ana = User.objects.get(username="ana")
    admin = Client()
    admin.force_login(staff)
    page = admin.get(f"/people/{ana.pk}/").content.decode()
    assert "Shut out until the next sign-in" in page
    assert "saml does not vouch for ana" in page
    assert f"/people/{ana.pk}/disable/" in page


def test_the_page_of_a_directory_says_how_long_who_left_stays(staff: User) -> None:
    known("saml", "ana", hours_ago=1, sign_in_hours=8)
    admin = Client()
    admin.force_login(staff)
    assert "for up to 8 hours" in admin.get("/directory/saml/").content.decode()
