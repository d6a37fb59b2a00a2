"""The pages on which admins set directories up: theirs alone, recorded, and no secret comes back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.directories.secrets import put_secret, secret_of
from appliance.accounts.memberships import set_memberships
from appliance.accounts.models import Directory, Identity, User
from appliance.accounts.scim.tokens import issue
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.signing import sign_in
from tests.identity.hostile import hostile_provider

pytestmark = [pytest.mark.services, pytest.mark.django_db]

GIVEN = {
    "name": "Acme account",
    "issuer": "https://idp.acme.test/realms/main",
    "client_id": "plumbline",
    "client_secret": "a-very-secret-secret",
    "hosts": "keys.acme.test",
    "scopes": "groups",
    "creates_people": "on",
    "user_name_attribute": "preferred_username",
    "groups_attribute": "groups",
}
PAGES = [
    ("get", "/directories/"),
    ("get", "/directories/rules/"),
    ("post", "/directories/rules/"),
    ("get", "/directories/new/oidc/"),
    ("post", "/directories/new/oidc/"),
    ("get", "/directory/acme/"),
    ("post", "/directory/acme/"),
    ("post", "/directory/acme/switch/"),
    ("get", "/directory/acme/remove/"),
    ("post", "/directory/acme/remove/"),
    ("post", "/directory/acme/mapping/"),
    ("post", "/directory/acme/test/"),
    ("post", "/directory/acme/preview/"),
]


def make(**fields: Any) -> Directory:
    fields = {"name": "Acme", "slug": "acme", "kind": "oidc", "settings": {}} | fields
    return Directory.objects.create(**fields)


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_pages_are_not_there_for_anybody_else(
    client: Client, reader: User, outsider: User, method: str, path: str
) -> None:
    for exists in (False, True):
        if exists:
            make()
        for person in (reader, outsider):
            client.force_login(person)
            assert getattr(client, method)(path).status_code == 404
    client.logout()
    assert getattr(client, method)(path).status_code == 302


def test_a_new_directory_is_stored_and_its_secret_never_shown(admin: Client, staff: User) -> None:
    response = admin.post("/directories/new/oidc/", GIVEN)

    directory = Directory.objects.get()
    assert response["Location"] == "/directory/acme-account/"
    assert not directory.is_enabled
    assert secret_of(directory) == "a-very-secret-secret"
    assert b"secret-secret" not in bytes(directory.sealed_secret)
    assert "secret-secret" not in str(directory.settings)
    assert directory.settings["hosts"] == ["keys.acme.test"]
    page = admin.get("/directory/acme-account/").content.decode()
    assert "secret-secret" not in page
    assert "http://testserver/accounts/oidc/acme-account/callback/" in page
    created = Event.objects.get(action=Action.DIRECTORY_CREATED)
    assert (created.actor_id, created.object_name) == (staff.pk, "Acme account")
    assert not Event.objects.filter(details__icontains="secret-secret").exists()


def test_an_empty_secret_keeps_the_stored_one(admin: Client) -> None:
    admin.post("/directories/new/oidc/", GIVEN)
    admin.post("/directory/acme-account/", GIVEN | {"client_secret": "", "client_id": "other"})

    directory = Directory.objects.get()
    assert secret_of(directory) == "a-very-secret-secret"
    assert directory.settings["client_id"] == "other"
    changed = Event.objects.get(action=Action.DIRECTORY_CHANGED)
    assert changed.details == {"changed": ["client_id"]}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("issuer", "http://idp.acme.test/", "must begin with https://"),
        ("issuer", "https://user:pass@idp.acme.test/", "not a plain address"),
        ("issuer", "javascript:alert(1)", "not a plain address"),
        ("metadata", "not json", "not a JSON object"),
        ("metadata", '{"issuer": "https://evil.test"}', "evil.test"),
        ("name", "ACME", "Another directory has this name"),
        ("match_field", "external_id", "Enter the attribute"),
        ("match_field", "user__password", "Select a valid choice"),
    ],
)
def test_wrong_settings_are_refused_in_words(
    admin: Client, field: str, value: str, says: str
) -> None:
    make()
    response = admin.post("/directories/new/oidc/", GIVEN | {field: value})

    assert response.status_code == 400
    assert says in response.content.decode()
    assert Directory.objects.count() == 1


def test_unknown_kinds_and_directories_are_not_there(admin: Client) -> None:
    assert admin.get("/directories/new/nis/").status_code == 404
    assert admin.get("/directory/nobody/").status_code == 404


def test_enabling_and_removing_ask_and_record(admin: Client, reader: User) -> None:
    directory = make()
    admin.post("/directory/acme/switch/", {"on": "yes"})
    assert Directory.objects.get().is_enabled
    group = Group.objects.create(name="from-acme")
    Identity.objects.create(directory=directory, user=reader, subject="s")
    set_memberships(directory, reader, [group])
    assert b"Its 1 person" in admin.get("/directory/acme/remove/").content
    assert Directory.objects.exists()

    admin.post("/directory/acme/remove/")

    assert not Directory.objects.exists()
    assert list(reader.groups.values_list("name", flat=True)) == ["readers"]
    deleted = Event.objects.get(action=Action.DIRECTORY_DELETED)
    assert deleted.details["people"] == 1


def test_connection_test_names_each_step(admin: Client) -> None:
    with hostile_provider() as provider:
        make(settings={"issuer": provider.issuer, "client_id": "plumbline"})
        right = admin.post("/directory/acme/test/").content.decode()
        provider.overrides = {"issuer": "https://other.test"}
        wrong = admin.post("/directory/acme/test/").content.decode()
    gone = admin.post("/directory/acme/test/", headers={"HX-Request": "true"}).content.decode()

    assert right.count(">Done<") == 6
    assert "other.test" in wrong
    assert wrong.count("Not tried") == 3
    assert "cannot be reached" in gone
    assert "<html" not in gone
    outcomes = Event.objects.filter(action=Action.DIRECTORY_TESTED).order_by("sequence")
    assert [event.outcome for event in outcomes] == ["done", "failed", "failed"]


def test_a_secret_of_another_key_is_told_not_shown(admin: Client, settings: Settings) -> None:
    with hostile_provider() as provider:
        directory = make(
            settings={"issuer": provider.issuer, "client_id": "plumbline"}, is_enabled=True
        )
        put_secret(directory, "sealed")
        directory.save()
        settings.SECRET_KEY = "another-" + "y" * 50
        client = Client()
        assert client.get("/accounts/oidc/acme/login/").status_code == 502
        admin.force_login(User.objects.get(username="staff"))
        tested = admin.post("/directory/acme/test/").content.decode()
    assert "cannot be read with the present secret key" in tested


def test_preview_says_who_and_which_groups_and_changes_nothing(admin: Client, reader: User) -> None:
    directory = make(
        settings={"user_name_attribute": "user", "groups_attribute": "groups"},
    )
    group = Group.objects.create(name="developers")
    directory.mappings.create(external="dev", group=group)
    Identity.objects.create(directory=directory, user=reader, subject="known")
    new = '{"sub": "new", "user": "bo<script>", "groups": ["DEV", "ops"]}'

    page = admin.post("/directory/acme/preview/", {"attributes": new}).content.decode()
    known = admin.post("/directory/acme/preview/", {"attributes": '{"sub": "known"}'})
    bad = admin.post("/directory/acme/preview/", {"attributes": "[1]"})

    assert "A new person, by the name bo&lt;script&gt;" in page
    assert "developers" in page
    assert "ops" in page
    assert b"reader, whom this directory knows already" in known.content
    assert b"not a JSON object" in bad.content
    assert Identity.objects.count() == 1
    assert set(Group.objects.values_list("name", flat=True)) == {"developers", "readers"}


def test_pages_of_saml_tell_what_is_wrong_with_metadata(admin: Client) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    for metadata, says in (
        ("<a/>", "no identity provider"),
        (bomb, "type definition"),
        ("x", "XML"),
    ):
        given = {"name": "S", "metadata": metadata, "name_id_format": "x"}
        assert says in admin.post("/directories/new/saml/", given).content.decode()
    make(kind="saml", settings={"metadata": "<a/>"})
    assert "no identity provider" in admin.post("/directory/acme/test/").content.decode()
    assert admin.get("/accounts/saml/acme/metadata/").status_code == 404


def test_a_provider_that_tells_nobody_who_left_says_so_until_scim_is_beside_it(
    client: Client, staff: User
) -> None:
    acme = Directory.objects.create(name="Acme", slug="acme", kind="oidc", is_enabled=True)
    Directory.objects.create(name="Corp", slug="corp", kind="ldap", is_enabled=True)
    client.force_login(staff)
    warning = b"tells nobody who left"

    assert warning in client.get("/directory/acme/").content
    assert warning not in client.get("/directory/corp/").content
    issue(acme, "first", days=30, by=staff)
    assert warning not in client.get("/directory/acme/").content
    acme.scim_tokens.update(revoked_at=timezone.now())
    assert warning in client.get("/directory/acme/").content


def test_a_provider_whose_groups_are_not_read_says_so(client: Client, staff: User) -> None:
    acme = Directory.objects.create(name="Acme", slug="acme", kind="oidc", is_enabled=True)
    client.force_login(staff)

    assert b"says nothing about groups yet" in client.get("/directory/acme/").content
    assert b"At sign-in it will not" in client.get("/directory/acme/mapping/").content
    acme.settings = {"groups_attribute": "groups"}
    acme.save()
    assert b"says nothing about groups yet" not in client.get("/directory/acme/").content
    assert b"At sign-in it will not" not in client.get("/directory/acme/mapping/").content
