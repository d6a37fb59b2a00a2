"""The pages over what a directory brings: for admins, with a dry run before each change."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client

from appliance.accounts.models import Directory, Identity, RoleGrant, ScimToken, User
from appliance.audit.models import Event
from tests.appliance.accounts.scim.client import Provider, groups_of, make_provider
from tests.appliance.accounts.signing import sign_in

pytestmark = [pytest.mark.services, pytest.mark.django_db]

PAGES = ("mapping/", "provisioning/", "sync/", "tokens/", "tokens/1/revoke/")


@pytest.fixture
def provider(db: None) -> Provider:
    """A directory that sent Ana and Ben, both in Backend, Ben in Bosses too."""
    made = make_provider("okta", groups_as_named=False)
    ana, ben = made.user("ana"), made.user("ben")
    made.group("Backend", ana, ben)
    made.group("Bosses", ben)
    return made


@pytest.fixture
def admin_client(staff: User) -> Client:
    client = Client()
    sign_in(client, staff)
    return client


def post(client: Client, page: str, **values: object) -> HttpResponse:
    return client.post(f"/directory/okta/{page}", values)  # type: ignore[return-value]


def test_everybody_else_sees_no_such_page(
    provider: Provider, reader: User, outsider: User, owner: User
) -> None:
    for person in (reader, outsider, owner):
        client = Client()
        client.force_login(person)
        for page in PAGES:
            for answer in (client.get(f"/directory/okta/{page}"), post(client, page)):
                absent = client.get("/no/such/page/")
                assert (answer.status_code, answer.content) == (404, absent.content)
    assert Client().get("/directory/okta/mapping/").status_code == 302


def test_a_preview_says_who_would_gain_and_lose_and_changes_nothing(
    provider: Provider, admin_client: Client
) -> None:
    group = Group.objects.create(name="backend-here")
    answer = post(admin_client, "mapping/", external="BACKEND", group="backend-here", preview="yes")
    page = answer.content.decode()
    assert "2 people would gain or lose groups" in page
    assert (groups_of("ana"), group.user_set.count()) == (set(), 0)
    assert not Directory.objects.get().mappings.exists()


def test_what_was_previewed_is_what_happens(provider: Provider, admin_client: Client) -> None:
    answer = post(admin_client, "mapping/", external="backend", group="builders", save="yes")
    assert answer.status_code == 302
    assert groups_of("ana") == groups_of("ben") == {"builders"}
    post(admin_client, "mapping/", as_named="on", save="yes")
    assert groups_of("ben") == {"builders", "Bosses"}
    row = Directory.objects.get().mappings.get()
    preview = post(admin_client, "mapping/", remove=row.pk, preview="yes").content.decode()
    assert "2 people would gain or lose groups" in preview
    post(admin_client, "mapping/", remove=row.pk, save="yes")
    assert (groups_of("ana"), groups_of("ben")) == (set(), set())
    changes = Event.objects.filter(action="directory.changed", actor="staff")
    assert changes.count() == 3
    assert changes[0].details["mappings_added"] == [["backend", "builders"]]


def test_what_an_admin_gave_by_hand_is_no_loss(provider: Provider, admin_client: Client) -> None:
    group = Group.objects.create(name="builders")
    User.objects.get(username="ana").groups.add(group)
    post(admin_client, "mapping/", external="Backend", group="builders", save="yes")
    row = Directory.objects.get().mappings.get()
    page = post(admin_client, "mapping/", remove=row.pk, preview="yes").content.decode()
    assert "1 person would gain or lose groups" in page
    post(admin_client, "mapping/", remove=row.pk, save="yes")
    assert (groups_of("ana"), groups_of("ben")) == ({"builders"}, set())


def test_groups_with_a_role_are_not_reached_by_name_nor_admins_by_scim(
    provider: Provider, admin_client: Client
) -> None:
    for name, role in (("Bosses", "auditor"), ("admins", "admin")):
        RoleGrant.objects.create(role=role, group=Group.objects.create(name=name))
    values = {"as_named": "on", "external": "Backend", "group": "admins"}
    assert (
        "Nobody's groups would change"
        in post(admin_client, "mapping/", preview="yes", **values).content.decode()
    )
    post(admin_client, "mapping/", save="yes", **values)
    assert groups_of("ana") == groups_of("ben") == set()


def test_half_a_row_is_refused_in_words(provider: Provider, admin_client: Client) -> None:
    answer = post(admin_client, "mapping/", external="Backend", save="yes")
    assert answer.status_code == 400
    assert "A row needs both" in answer.content.decode()


def test_names_from_a_directory_are_shown_as_text(provider: Provider, admin_client: Client) -> None:
    provider.group('<script>alert("x")</script>')
    page = admin_client.get("/directory/okta/mapping/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_token_is_shown_once_and_can_be_revoked(provider: Provider, admin_client: Client) -> None:
    answer = post(admin_client, "tokens/", name="second", days="30")
    page = answer.content.decode()
    token = page.split("plumbscim_")[1].split("<")[0]
    assert answer["Cache-Control"] == "private, no-store"
    assert Provider("okta", f"plumbscim_{token}").get("Users").status == 200
    assert (
        f"plumbscim_{token}"
        not in admin_client.get("/directory/okta/provisioning/").content.decode()
    )
    second = ScimToken.objects.get(name="second")
    post(admin_client, f"tokens/{second.pk}/revoke/")
    assert Provider("okta", f"plumbscim_{token}").get("Users").status == 401
    assert post(admin_client, "tokens/", name="", days="0").status_code == 400
    other = make_provider("entra")
    foreign = ScimToken.objects.get(directory__slug="entra")
    assert post(admin_client, f"tokens/{foreign.pk}/revoke/").status_code == 404
    assert other.get("Users").status == 200


def test_only_a_directory_that_is_asked_is_synced(provider: Provider, admin_client: Client) -> None:
    assert post(admin_client, "sync/").status_code == 404


def test_a_held_sync_is_shown_with_a_way_on(admin_client: Client) -> None:
    Directory.objects.create(
        name="Corp",
        slug="okta",
        kind=Directory.Kind.LDAP,
        is_enabled=True,
        sync_held=7,
        sync_error="The directory would shut out 7 of 9 people.",
    )
    page = admin_client.get("/directory/okta/provisioning/").content.decode()
    assert "would shut out 7 of 9" in page
    assert "Let it go on: 7 people" in page
    post(admin_client, "sync/", go_on="yes")  # its settings are not complete
    page = admin_client.get("/directory/okta/provisioning/").content.decode()
    assert "The settings of this directory are not complete" in page


def test_people_of_a_directory_without_scim_are_previewed_by_what_the_sync_kept(
    admin_client: Client,
) -> None:
    directory = Directory.objects.create(name="Corp", slug="okta", kind=Directory.Kind.LDAP)
    ana = User.objects.create_user("ana")
    Identity.objects.create(
        directory=directory, user=ana, subject="1", attributes={"groups": ["ops"]}
    )
    post(admin_client, "mapping/", external="ops", group="operators", save="yes")
    assert groups_of("ana") == {"operators"}


def signed_in(name: str, *groups: str) -> Identity:
    """Make somebody who signed in through Acme, which is not provisioned."""
    acme, _ = Directory.objects.get_or_create(
        slug="okta", name="Acme", kind="oidc", settings={"groups_attribute": "groups"}
    )
    user = User.objects.create_user(name)
    return Identity.objects.create(
        directory=acme, user=user, subject=name, attributes={"groups": [*groups]}
    )


def test_a_mapping_counts_at_once_for_who_signed_in_and_brings_admins_too(
    admin_client: Client,
) -> None:
    signed_in("ana", "Backend", "Bosses")
    signed_in("ben", "Backend")
    Group.objects.create(name="backend-here")
    bosses = Group.objects.create(name="bosses-here")
    RoleGrant.objects.create(group=bosses, role="admin")
    page = post(admin_client, "mapping/", external="Backend", group="backend-here", preview="yes")
    assert "2 people would gain or lose groups" in page.content.decode()
    post(admin_client, "mapping/", external="Backend", group="backend-here", save="yes")
    post(admin_client, "mapping/", external="Bosses", group="bosses-here", save="yes")
    assert (groups_of("ana"), groups_of("ben")) == (
        {"backend-here", "bosses-here"},
        {"backend-here"},
    )
    row = Directory.objects.get().mappings.get(external="Backend")
    post(admin_client, "mapping/", remove=row.pk, save="yes")
    assert (groups_of("ana"), groups_of("ben")) == ({"bosses-here"}, set())


def test_whom_a_provider_told_nothing_of_keeps_their_groups(admin_client: Client) -> None:
    ana = signed_in("ana", "Backend")
    Directory.objects.update(settings={})
    ana.user.groups.add(Group.objects.create(name="by-hand"))
    post(admin_client, "mapping/", external="Backend", group="backend-here", save="yes")
    assert groups_of("ana") == {"by-hand"}
