"""Local accounts and groups that admins make: theirs alone, with a fresh sign-in, and recorded."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import Directory, Identity, Role, RoleGrant, User
from appliance.audit.models import Event
from tests.appliance.accounts.signing import PASSWORD, sign_in
from tests.conftest import UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

STRONG = "seventeen grey whales"


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_an_account_signs_in_with_the_password_that_was_given(admin: Client) -> None:
    response = admin.post("/people/new/", {"username": "ben", "password": STRONG})
    ben = User.objects.get(username="ben")
    assert response["Location"] == f"/people/{ben.pk}/"
    assert Client().login(username="ben", password=STRONG)
    assert not ben.is_staff


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"username": "", "password": STRONG}, "This field is required"),
        ({"username": "ben", "password": "short"}, "too short"),
        ({"username": "be n", "password": STRONG}, "Enter a valid username"),
        ({"username": "STAFF", "password": STRONG}, "looks like it"),
        ({"username": "st\u00e1ff", "password": STRONG}, "looks like it"),
        ({"username": "ben", "password": STRONG, "email": "no"}, "valid email"),
        ({"username": "ben\0", "password": STRONG}, "Null characters"),
    ],
)
def test_what_cannot_be_an_account_is_said(
    given: dict[str, str], sentence: str, admin: Client
) -> None:
    response = admin.post("/people/new/", given)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert User.objects.count() == 1


def test_a_new_password_ends_what_the_old_one_opened(admin: Client, reader: User) -> None:
    theirs = Client()
    theirs.post("/accounts/login/", {"login": "reader", "password": PASSWORD})
    assert theirs.get("/").status_code == 200
    admin.post(f"/people/{reader.pk}/password/", {"password": STRONG})
    assert theirs.get("/").status_code == 302
    assert Client().login(username="reader", password=STRONG)


def test_people_of_a_directory_have_no_password_or_name_of_ours(
    admin: Client, reader: User
) -> None:
    okta = Directory.objects.create(name="okta", slug="okta", kind=Directory.Kind.OIDC)
    Identity.objects.create(directory=okta, user=reader, subject="1")
    for part in ("password", "edit"):
        assert admin.get(f"/people/{reader.pk}/{part}/").status_code == 404


def test_names_are_changed_and_the_user_name_is_not(admin: Client, reader: User) -> None:
    given = {"first_name": "Rea", "email": "rea@example.com", "username": "root", "is_staff": "on"}
    admin.post(f"/people/{reader.pk}/edit/", given)
    reader.refresh_from_db()
    assert (reader.first_name, reader.email) == ("Rea", "rea@example.com")
    assert (reader.username, reader.is_staff) == ("reader", False)


def test_a_deleted_person_leaves_their_records(admin: Client, reader: User) -> None:
    assert "cannot be undone" in page(admin, f"/people/{reader.pk}/remove/")
    admin.post(f"/people/{reader.pk}/remove/")
    assert not User.objects.filter(username="reader").exists()
    assert Event.objects.get(action="person.deleted").object_name == "reader"


def test_the_last_admin_is_not_deleted(admin: Client, staff: User) -> None:
    response = admin.post(f"/people/{staff.pk}/remove/")
    assert response.status_code == 409
    assert "last admin" in response.content.decode()
    assert User.objects.filter(pk=staff.pk).exists()


def test_a_group_is_made_renamed_and_deleted(admin: Client, reader: User) -> None:
    admin.post("/groups/new/", {"name": "crew"})
    crew = Group.objects.get(name="crew")
    reader.groups.add(crew)
    admin.post(f"/groups/{crew.pk}/rename/", {"name": "crews"})
    assert reader.groups.filter(name="crews").exists()
    assert "1 member loses" in page(admin, f"/groups/{crew.pk}/remove/")
    admin.post(f"/groups/{crew.pk}/remove/")
    assert not Group.objects.filter(pk=crew.pk).exists()
    kinds = ["group.created", "group.changed", "group.deleted"]
    assert list(Event.objects.filter(action__in=kinds).values_list("action", flat=True)) == kinds


@pytest.mark.parametrize("name", ["", "READERS", "x" * 151])
def test_what_cannot_be_a_groups_name_is_said(name: str, admin: Client, reader: User) -> None:
    assert admin.post("/groups/new/", {"name": name}).status_code == 400
    assert Group.objects.count() == 1


def test_a_group_that_makes_the_last_admin_stays(client: Client, user_factory: UserFactory) -> None:
    boss = user_factory("boss", groups=("admins",))
    admins = Group.objects.get(name="admins")
    RoleGrant.objects.create(role=Role.ADMIN, group=admins)
    sign_in(client, boss)
    response = client.post(f"/groups/{admins.pk}/remove/")
    assert response.status_code == 409
    assert Group.objects.filter(pk=admins.pk).exists()


@pytest.mark.parametrize("path", ["/people/new/", "/people/{}/password/", "/people/{}/remove/"])
def test_these_need_a_fresh_sign_in(path: str, client: Client, staff: User, reader: User) -> None:
    sign_in(client, staff, freshly=False)
    response = client.post(path.format(reader.pk), {"username": "ben", "password": STRONG})
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert set(User.objects.values_list("username", flat=True)) == {"staff", "reader"}
    assert reader.check_password(PASSWORD)
