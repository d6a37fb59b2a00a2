"""A directory that only sends: set up on the pages, heard through its token, shown with its state."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import Directory, User
from tests.appliance.accounts.scim.client import Provider, groups_of
from tests.appliance.accounts.signing import sign_in

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def steps_of(admin: Client) -> list[str]:
    page = admin.post("/directory/okta/test/")
    return [str(step.state) for step in page.context["steps"]]


def test_it_is_set_up_given_a_token_and_heard(admin: Client) -> None:
    assert "Set up SCIM only" in admin.get("/directories/").content.decode()
    form = admin.get("/directories/new/scim/").content.decode()
    assert "for the first time" not in form
    admin.post("/directories/new/scim/", {"name": "Okta", "groups_as_named": "on"})
    directory = Directory.objects.get()
    assert (directory.kind, directory.slug, directory.is_enabled) == ("scim", "okta", False)
    page = admin.get("/directory/okta/").content.decode()
    assert "http://testserver/scim/v2/okta" in page
    assert "What would come of it" not in page
    assert steps_of(admin) == ["failed", "failed", "failed"]
    page = admin.post("/directory/okta/tokens/", {"name": "okta", "days": "90"}).content.decode()
    provider = Provider("okta", "plumbscim_" + page.split("plumbscim_")[1].split("<")[0])
    assert provider.get("Users").status == 401  # not enabled yet
    done = admin.post("/directory/okta/switch/", {"on": "yes"}, follow=True).content.decode()
    assert "Okta is heard from now on." in done
    provider.group("platform", provider.user("ana"), provider.user("ben", active=False))
    assert groups_of("ana") == {"platform"}
    assert steps_of(admin) == ["ok", "ok", "ok"]
    page = admin.get("/directory/okta/provisioning/").content.decode()
    assert "1 active person, 1 inactive, 1 group" in page
    assert "platform" in admin.get("/directory/okta/mapping/").content.decode()


def test_it_is_no_way_to_sign_in(client: Client) -> None:
    Directory.objects.create(name="Okta", slug="okta", kind=Directory.Kind.SCIM, is_enabled=True)
    assert "Okta" not in client.get("/accounts/login/").content.decode()


def test_its_settings_change_and_it_is_disabled(admin: Client) -> None:
    admin.post("/directories/new/scim/", {"name": "Okta"})
    admin.post("/directory/okta/", {"name": "Okta of the group", "groups_as_named": "on"})
    directory = Directory.objects.get()
    assert (directory.name, directory.settings) == (
        "Okta of the group",
        {"groups_as_named": True},
    )
    done = admin.post("/directory/okta/switch/", {"on": "no"}, follow=True).content.decode()
    assert "is not heard any more; its people stay" in done


@pytest.mark.parametrize("person", ["owner", "reader", "outsider"])
def test_nobody_else_sets_it_up(
    person: str, client: Client, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert client.get("/directories/new/scim/").status_code == 404
    assert client.post("/directories/new/scim/", {"name": "Okta"}).status_code == 404
    assert not Directory.objects.exists()
