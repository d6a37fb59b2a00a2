"""Names of a directory's groups become groups here by mapping, or as they are, or not at all."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.mapping import AS_NAMED, groups_for
from appliance.accounts.models import Directory, GroupMapping

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
    assert names(groups_for(directory(), ["cn=dev,dc=CORP", "other"])) == ["everyone"]
    assert not Group.objects.filter(name="other").exists()


def test_names_are_taken_as_they_are_where_the_settings_say_so() -> None:
    okta = directory(**{AS_NAMED: True})
    wanted = ["CN=Dev,DC=corp", " ops ", "", "x" * 151]
    assert names(groups_for(okta, wanted)) == ["everyone", "ops"]
