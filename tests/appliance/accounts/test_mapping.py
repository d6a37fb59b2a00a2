"""Names of a directory's groups become groups here by mapping, or as they are, or not at all."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.mapping import AS_NAMED, Mapper
from appliance.accounts.models import Directory, GroupMapping, Role, RoleGrant

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def directory(**settings: bool) -> Directory:
    made = Directory.objects.create(
        name="okta", slug="okta", kind=Directory.Kind.OIDC, settings=settings
    )
    everyone = Group.objects.create(name="everyone")
    GroupMapping.objects.create(directory=made, external="CN=Dev,DC=corp", group=everyone)
    return made


def names(groups: list[Group]) -> list[str]:
    return [group.name for group in groups]


def test_a_mapping_is_found_whatever_its_case() -> None:
    assert names(Mapper(directory()).groups_for(["cn=dev,dc=CORP", "other"])) == ["everyone"]
    assert not Group.objects.filter(name="other").exists()


def test_names_are_taken_as_they_are_where_the_settings_say_so() -> None:
    okta = directory(**{AS_NAMED: True})
    wanted = ["CN=Dev,DC=corp", " ops ", "", "x" * 151]
    assert names(Mapper(okta).groups_for(wanted)) == ["everyone", "ops"]


def test_a_look_makes_nothing_and_a_name_is_no_key_to_a_role() -> None:
    okta = directory(**{AS_NAMED: True})
    RoleGrant.objects.create(group=Group.objects.create(name="auditors"), role=Role.AUDITOR)
    told = ["cn=DEV,dc=corp", "auditors", "ops", " "]
    mapper = Mapper(okta)
    here = {"cn=DEV,dc=corp": ("everyone",), "auditors": (), "ops": ("ops",)}
    assert mapper.names_for(told) == here
    assert not Group.objects.filter(name="ops").exists()
    assert names(mapper.groups_for(told)) == ["everyone", "ops"]
    assert mapper.names_for(told) == here
