"""A directory takes back only what it gave."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.memberships import Change, set_memberships
from appliance.accounts.models import Directory, User
from appliance.audit.models import Event

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def directory(name: str) -> Directory:
    return Directory.objects.create(name=name, slug=name, kind=Directory.Kind.OIDC)


def group(name: str) -> Group:
    return Group.objects.get_or_create(name=name)[0]


def names(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_groups_become_what_the_directory_says_with_a_record_each(outsider: User) -> None:
    okta = directory("okta")
    assert set_memberships(okta, outsider, [group("a"), group("b")]) == Change(("a", "b"))
    assert set_memberships(okta, outsider, [group("b"), group("c")]) == Change(("c",), ("a",))
    assert names(outsider) == {"b", "c"}
    recorded = [(event.action, event.details["group"]) for event in Event.objects.all()]
    assert recorded == [
        ("group.member_added", "a"),
        ("group.member_added", "b"),
        ("group.member_added", "c"),
        ("group.member_removed", "a"),
    ]


def test_what_an_admin_gave_by_hand_stays(reader: User) -> None:
    okta = directory("okta")
    set_memberships(okta, reader, [group("readers")])
    assert set_memberships(okta, reader, []) == Change()
    assert names(reader) == {"readers"}


def test_what_another_directory_says_stays_until_that_one_takes_it_back(outsider: User) -> None:
    okta, ldap = directory("okta"), directory("ldap")
    set_memberships(okta, outsider, [group("a")])
    set_memberships(ldap, outsider, [group("a")])
    assert set_memberships(okta, outsider, []) == Change()
    assert names(outsider) == {"a"}
    assert set_memberships(ldap, outsider, []) == Change((), ("a",))
    assert names(outsider) == set()
