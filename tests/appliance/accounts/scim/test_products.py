"""What Okta, Entra ID, Keycloak and Ping send, in the shapes of their public documentation.

Okta: "SCIM 2.0 Protocol Reference" (okta/okta-developer-docs). Entra ID: "Develop and plan
provisioning for a SCIM endpoint" (MicrosoftDocs/entra-docs), with the texts "True" and "False" of
"Known issues and resolutions with SCIM 2.0 protocol compliance". Keycloak has no client of its own:
the shapes are those of its plug-ins, that send whole users and groups by PUT, and members by PATCH.
Ping: the SCIM 2 SDK of Ping Identity, with its forms of removing members.
"""

from __future__ import annotations

from typing import Any

import pytest

from appliance.accounts.models import User
from tests.appliance.accounts.scim.client import GROUP, PATCH, USER, Provider, groups_of

pytestmark = [pytest.mark.services, pytest.mark.django_db]

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def okta_user(name: str = "test.user@okta.local") -> dict[str, Any]:
    return {
        "schemas": [USER],
        "userName": name,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": True, "value": name, "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }


def test_okta_makes_changes_and_deactivates_a_user(provider: Provider) -> None:
    found = provider.get(
        "Users", filter='userName eq "test.user@okta.local"', startIndex="1", count="100"
    )
    assert (found.status, found.body["totalResults"], found.body["Resources"]) == (200, 0, [])
    made = provider.send("POST", "Users", okta_user())
    assert made.status == 201
    assert made.headers["Content-Type"] == "application/scim+json"
    assert made.headers["Location"].endswith(f"/scim/v2/okta/Users/{made.body['id']}")
    assert "password" not in made.body
    user = User.objects.get(username="test.user@okta.local")
    assert (user.get_full_name(), user.has_usable_password()) == ("Test User", False)
    path = f"Users/{made.body['id']}"
    whole = provider.get(path).body
    whole["name"]["familyName"] = "Person"
    assert provider.send("PUT", path, whole).body["name"]["familyName"] == "Person"
    gone = provider.patch(path, {"op": "replace", "value": {"active": False}})
    assert (gone.status, gone.body["active"]) == (200, False)
    user.refresh_from_db()
    assert (user.last_name, user.is_active) == ("Person", False)
    provider.patch(path, {"op": "replace", "value": {"active": True}})
    user.refresh_from_db()
    assert user.is_active


def test_okta_pushes_a_group(provider: Provider) -> None:
    ana, ben = provider.user("ana"), provider.user("ben")
    made = provider.send(
        "POST", "Groups", {"schemas": [GROUP], "displayName": "Test SCIMv2", "members": []}
    )
    path = f"Groups/{made.body['id']}"
    provider.patch(path, {"op": "add", "path": "members", "value": [{"value": ben}]})
    provider.patch(
        path,
        {"op": "remove", "path": f'members[value eq "{ben}"]'},
        {"op": "add", "path": "members", "value": [{"value": ana, "display": "ana"}]},
    )
    assert (groups_of("ana"), groups_of("ben")) == ({"Test SCIMv2"}, set())
    renamed = {"id": made.body["id"], "displayName": "Test SCIMv3"}
    assert provider.patch(path, {"op": "replace", "value": renamed}).status == 204
    assert groups_of("ana") == {"Test SCIMv3"}
    both = [{"value": ana, "display": "ana"}, {"value": ben, "display": "ben"}]
    provider.patch(path, {"op": "replace", "path": "members", "value": both})
    assert groups_of("ben") == {"Test SCIMv3"}
    provider.patch(path, {"op": "replace", "value": {"members": [{"value": ben}]}})
    assert (groups_of("ana"), groups_of("ben")) == (set(), {"Test SCIMv3"})
    assert provider.send("DELETE", path).status == 204
    assert groups_of("ben") == set()


def test_entra_makes_and_changes_a_user(provider: Provider) -> None:
    made = provider.send(
        "POST",
        "Users",
        {
            "schemas": [USER, ENTERPRISE],
            "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
            "userName": "Test_User_ab6490ee@testuser.com",
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": "Test_User@testuser.com"}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "gn fn", "familyName": "fn", "givenName": "gn"},
            "roles": [],
        },
    )
    path = f"Users/{made.body['id']}"
    found = provider.get("Users", filter='userName eq "test_user_AB6490ee@testuser.com"')
    assert found.body["totalResults"] == 1
    answer = provider.patch(
        path,
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@testuser.com"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": [{"$ref": "x", "value": "7"}]},
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "Here 7"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "555"},
        {"op": "Replace", "path": f"{USER}:displayName", "value": "Updated Name"},
    )
    assert answer.status == 200
    assert answer.body["emails"][0]["value"] == "new@testuser.com"
    assert answer.body["displayName"] == "Updated Name"
    assert answer.body["name"]["familyName"] == "updatedFamilyName"
    without_path = {
        "displayName": "Once More",
        "name.givenName": "Gina",
        f"{ENTERPRISE}:employeeNumber": "12",
        "active": "True",
    }
    answer = provider.patch(path, {"op": "replace", "value": without_path})
    assert (answer.body["displayName"], answer.body["name"]["givenName"]) == ("Once More", "Gina")
    user = User.objects.get(username="Test_User_ab6490ee@testuser.com")
    for value, is_active in (("False", False), ("True", True), (False, False), (True, True)):
        provider.patch(path, {"op": "Replace", "path": "active", "value": value})
        user.refresh_from_db()
        assert user.is_active is is_active
    renamed = provider.patch(path, {"op": "Replace", "path": "userName", "value": "other@x.com"})
    assert renamed.body["userName"] == "other@x.com"
    assert provider.send("DELETE", path).status == 204
    assert provider.get(path).status == 404
    user.refresh_from_db()
    assert not user.is_active


def test_entra_changes_a_group(provider: Provider) -> None:
    ana = provider.user("ana")
    made = provider.send(
        "POST",
        "Groups",
        {
            "schemas": [GROUP, ENTRA_GROUP],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "Backend",
            "meta": {"resourceType": "Group"},
        },
    )
    assert made.status == 201
    path = f"Groups/{made.body['id']}"
    found = provider.get("Groups", excludedAttributes="members", filter='displayName eq "backend"')
    assert found.body["Resources"][0]["externalId"] == "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159"
    member = [{"$ref": None, "value": ana}]
    assert provider.patch(path, {"op": "Add", "path": "members", "value": member}).status == 204
    assert groups_of("ana") == {"Backend"}
    assert "members" not in provider.get(path, excludedAttributes="members").body
    assert provider.get(path).body["members"][0]["value"] == ana
    asked = provider.get("Groups", filter=f'id eq "{made.body["id"]}" and members eq "{ana}"')
    assert asked.body["totalResults"] == 1
    assert provider.patch(path, {"op": "Remove", "path": "members", "value": member}).status == 204
    assert groups_of("ana") == set()


def test_keycloak_puts_whole_users_and_groups(provider: Provider) -> None:
    body = {
        "schemas": [USER],
        "externalId": "f0c4-kc",
        "userName": "ana",
        "displayName": "Ana Lima",
        "name": {"familyName": "Lima", "givenName": "Ana"},
        "active": True,
        "emails": [{"value": "ana@corp.example"}],
        "roles": [{"value": "uma_authorization"}],
    }
    made = provider.send("POST", "Users", body)
    path = f"Users/{made.body['id']}"
    found = provider.send("GET", "Users", filter='externalId eq "f0c4-kc"')
    assert found.body["Resources"][0]["id"] == made.body["id"]
    group = provider.send(
        "POST",
        "Groups",
        {
            "schemas": [GROUP],
            "externalId": "kc-group",
            "displayName": "backend",
            "members": [{"value": made.body["id"], "$ref": path, "type": "User"}],
        },
    )
    assert groups_of("ana") == {"backend"}
    operations = [{"op": "add", "path": "members", "value": [{"value": made.body["id"]}]}]
    sent = {"schemas": [PATCH], "Operations": operations}
    assert provider.send("PATCH", f"Groups/{group.body['id']}", sent).status == 204
    without = {"schemas": [GROUP], "displayName": "backend", "members": []}
    assert provider.send("PUT", f"Groups/{group.body['id']}", without).status == 200
    assert groups_of("ana") == set()
    assert provider.send("PUT", path, {**body, "active": False}).body["active"] is False
    assert not User.objects.get(username="ana").is_active


@pytest.mark.parametrize("form", ["filter", "wrapped", "list"])
def test_ping_removes_members_in_each_of_its_forms(provider: Provider, form: str) -> None:
    ana, ben = provider.user("ana"), provider.user("ben")
    path = f"Groups/{provider.group('backend', ana, ben)}"
    member = [{"value": ana}]
    nothing: dict[str, Any] = {"op": "remove", "path": "members", "value": []}
    assert provider.patch(path, nothing).status == 204
    assert groups_of("ana") == {"backend"}
    forms: dict[str, dict[str, Any]] = {
        "filter": {"op": "remove", "path": f'members[value eq "{ana}"]'},
        "wrapped": {"op": "remove", "path": "members", "value": {"members": member}},
        "list": {"op": "remove", "path": "members", "value": member},
    }
    assert provider.patch(path, forms[form]).status == 204
    assert (groups_of("ana"), groups_of("ben")) == (set(), {"backend"})
    everybody = {"op": "remove", "path": "members"}
    assert provider.patch(path, everybody).status == 204
    assert groups_of("ben") == set()
