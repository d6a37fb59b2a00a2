"""An unlocked screen makes nobody an admin: who people are, and what groups mean, is changed freshly."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from appliance.accounts.models import Directory, ScimToken, SignInRules, User
from tests.appliance.accounts.scim.client import Provider, groups_of, make_provider
from tests.appliance.accounts.signing import PASSWORD, sign_in

pytestmark = [pytest.mark.services, pytest.mark.django_db]

SECRET = "a-very-secret-secret"
GIVEN = {
    "name": "Acme account",
    "issuer": "https://idp.acme.test/realms/main",
    "client_id": "plumbline",
    "client_secret": SECRET,
    "user_name_attribute": "preferred_username",
}
MAPPING = {"external": "backend", "group": "builders"}
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("/directories/new/oidc/", GIVEN),
    ("/directories/rules/", {"directories_only": "on"}),
    ("/directory/acme/", GIVEN),
    ("/directory/okta/switch/", {"on": "no"}),
    ("/directory/okta/remove/", {}),
    ("/directory/okta/mapping/", MAPPING | {"save": "yes"}),
    ("/directory/okta/tokens/", {"name": "mine", "days": "30"}),
]


@pytest.fixture
def provider(db: None) -> Provider:
    made = make_provider("okta", groups_as_named=False)
    made.group("Backend", made.user("ana"))
    Directory.objects.create(name="Acme", slug="acme", kind="oidc", settings={})
    return made


def everything() -> list[Any]:
    """What the changes would change."""
    directories = Directory.objects.order_by("pk")
    return [
        *directories.values_list("name", "is_enabled", "settings"),
        *SignInRules.objects.values_list("directories_only"),
        *ScimToken.objects.values_list("name"),
        groups_of("ana"),
    ]


@pytest.mark.parametrize(("path", "form"), CHANGES)
def test_who_did_not_sign_in_just_now_changes_nothing(
    client: Client, staff: User, provider: Provider, path: str, form: dict[str, Any]
) -> None:
    sign_in(client, staff, freshly=False)
    before = everything()
    response = client.post(path, form)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert everything() == before
    # Of a form with a secret nothing is kept for later, where a backup or a glance finds it.
    assert [one for one in Session.objects.all() if SECRET in str(one.get_decoded())] == []


@pytest.mark.parametrize(("path", "form"), CHANGES)
def test_whom_no_such_page_is_for_is_not_asked_to_sign_in(
    client: Client, reader: User, provider: Provider, path: str, form: dict[str, Any]
) -> None:
    sign_in(client, reader, freshly=False)
    assert client.post(path, form).status_code == 404


def test_pages_and_previews_are_there_without(
    client: Client, staff: User, provider: Provider
) -> None:
    sign_in(client, staff, freshly=False)
    for path in ("directories/", "directories/rules/", "directory/acme/", "directory/okta/mapping/",
                 "directory/okta/provisioning/", "directory/okta/remove/"):  # fmt: skip
        assert client.get(f"/{path}").status_code == 200
    preview = client.post("/directory/okta/mapping/", MAPPING | {"preview": "yes"})
    assert "1 person would gain or lose groups" in preview.content.decode()


def test_what_waits_for_the_password_is_done_then(
    client: Client, staff: User, provider: Provider
) -> None:
    sign_in(client, staff, freshly=False)
    asked = client.post("/directory/okta/mapping/", MAPPING | {"save": "yes"})
    assert client.post(asked["Location"], {"password": "wrong"}).status_code == 200
    assert groups_of("ana") == set()
    client.post(asked["Location"], {"password": PASSWORD}, follow=True)
    assert groups_of("ana") == {"builders"}


def test_a_form_with_a_secret_is_entered_again(
    client: Client, staff: User, provider: Provider
) -> None:
    sign_in(client, staff, freshly=False)
    asked = client.post("/directory/acme/", GIVEN)
    page = client.post(asked["Location"], {"password": PASSWORD}, follow=True)
    assert "Enter it again, please" in page.content.decode()
    assert Directory.objects.get(slug="acme").name == "Acme"
    assert client.post("/directory/acme/", GIVEN).status_code == 302
    assert Directory.objects.get(slug="acme").name == "Acme account"
