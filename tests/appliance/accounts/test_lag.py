"""How far each directory lies behind is a number on the status page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from appliance.accounts.models import Directory
from appliance.web.check_directories import check_directories

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def ldap(name: str, *, seconds: int | None, **more: object) -> Directory:
    at = None if seconds is None else timezone.now() - timedelta(seconds=seconds)
    return Directory.objects.create(
        name=name, slug=name, kind=Directory.Kind.LDAP, is_enabled=True, synced_at=at, **more
    )


def test_without_a_directory_that_is_asked_there_is_no_lag() -> None:
    Directory.objects.create(name="okta", slug="okta", kind=Directory.Kind.SCIM, is_enabled=True)
    assert check_directories().state == "off"


def test_the_lag_is_told_in_seconds() -> None:
    ldap("corp", seconds=30)
    check = check_directories()
    assert (check.state, check.detail.split(" behind")[0]) == ("ok", "corp 30 s")


def test_a_directory_that_lies_far_behind_or_fails_is_named() -> None:
    ldap("corp", seconds=30)
    ldap("late", seconds=3600)
    ldap("never", seconds=None)
    ldap("broken", seconds=1, sync_error="dc1:636 cannot be reached.")
    check = check_directories()
    assert check.state == "warning"
    assert "corp" not in check.detail
    assert "late 3600 s behind" in check.detail
    assert "never never synced" in check.detail
    assert check.next_step == "dc1:636 cannot be reached."
