"""Somebody can always sign in and put things right (C15)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from appliance.accounts.lockout import (
    LockedOut,
    active_admins,
    keep_an_admin,
    why_not_directories_only,
)
from appliance.accounts.models import Directory, Identity, Role, RoleGrant, SignInRules, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.signing import sign_in
from tests.conftest import UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def proven(user_factory: UserFactory) -> Directory:
    """A directory that has let an admin in."""
    directory = Directory.objects.create(name="A", slug="a", kind="oidc", is_enabled=True)
    boss = user_factory("boss", is_staff=True)
    Identity.objects.create(
        directory=directory, user=boss, subject="b", signed_in_at=timezone.now()
    )
    return directory


def test_admins_are_found_by_every_road(user_factory: UserFactory) -> None:
    user_factory("staff", is_staff=True)
    by_role, by_group, gone = (user_factory(n) for n in ("role", "member", "gone"))
    group = Group.objects.create(name="bosses")
    by_group.groups.add(group)
    RoleGrant.objects.create(role=Role.ADMIN, user=by_role)
    RoleGrant.objects.create(role=Role.ADMIN, group=group)
    RoleGrant.objects.create(role=Role.ADMIN, user=gone)
    RoleGrant.objects.create(role=Role.CURATOR, user=user_factory("curator"))
    User.objects.filter(pk=gone.pk).update(is_active=False)

    found = active_admins().order_by("username").values_list("username", flat=True)
    assert list(found) == ["member", "role", "staff"]


def test_the_last_admin_stays(user_factory: UserFactory, reader: User) -> None:
    first = user_factory("first", is_staff=True)
    with pytest.raises(LockedOut, match="first is the last admin"):
        keep_an_admin(without=first)
    keep_an_admin(without=reader)
    second = user_factory("second", is_staff=True)
    keep_an_admin(without=first)
    User.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(LockedOut):
        keep_an_admin(without=first)


def test_the_last_emergency_account_stays_while_directories_are_required(
    user_factory: UserFactory, proven: Directory
) -> None:
    SignInRules.objects.create(pk=1, directories_only=True)
    glass = user_factory("glass", is_staff=True, is_emergency=True)

    with pytest.raises(LockedOut, match="last emergency account"):
        keep_an_admin(without=glass)
    keep_an_admin(without=User.objects.get(username="boss"))


def test_what_is_missing_before_directories_are_required(
    user_factory: UserFactory, proven: Directory
) -> None:
    assert len(why_not_directories_only()) == 1
    no_password = user_factory("ghost", is_staff=True, is_emergency=True)
    no_password.set_unusable_password()
    no_password.save()
    user_factory("reader", is_emergency=True)
    assert len(why_not_directories_only()) == 1
    user_factory("glass", is_staff=True, is_emergency=True)
    assert why_not_directories_only() == []
    User.objects.filter(username="boss").update(is_active=False)
    assert "has let an admin in" in why_not_directories_only()[0]


RULES = "/directories/rules/"


def test_the_switch_refuses_until_nobody_is_locked_out(
    client: Client, user_factory: UserFactory, proven: Directory
) -> None:
    glass = user_factory("glass", is_staff=True)
    sign_in(client, glass)

    refused = client.post(RULES, {"directories_only": "on"}, follow=True)
    assert b"There is no emergency account" in refused.content
    assert not SignInRules.current().directories_only
    client.post(RULES, {"person": glass.pk, "is_emergency": "yes"})
    client.post(RULES, {"directories_only": "on"})
    assert SignInRules.current().directories_only
    changed = Event.objects.get(action=Action.RULES_CHANGED)
    assert changed.details == {"directories_only": True, "admins_need_second_factor": False}


def test_the_switch_keeps_what_it_needs(
    client: Client, user_factory: UserFactory, proven: Directory
) -> None:
    glass = user_factory("glass", is_staff=True, is_emergency=True)
    SignInRules.objects.create(pk=1, directories_only=True)
    sign_in(client, glass)

    for path, form in (
        (RULES, {"person": glass.pk, "is_emergency": "no"}),
        ("/directory/a/switch/", {"on": "no"}),
        ("/directory/a/remove/", {}),
    ):
        assert b"last" in client.post(path, form, follow=True).content
    assert Directory.objects.get().is_enabled
    assert User.objects.get(pk=glass.pk).is_emergency
