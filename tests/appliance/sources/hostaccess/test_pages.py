"""Pages over code hosts: whose they are, what they show before anything is done, and what they
refuse."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import Role, RoleGrant, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.sources.credentials import add
from appliance.sources.granting import set_grant
from appliance.sources.hostaccess.places import host_of, path_on
from appliance.sources.models import CodeHost, Grant, HostAccess, HostPerson
from indexer.fetching.values import Credential, SshKey
from indexer.models import SharedCredential, Source
from tests.appliance.sources.hostaccess.conftest import Taken
from tests.hostmembers import Account

pytestmark = [pytest.mark.services, pytest.mark.django_db]

OF_HOSTS = ["/hosts/", "/hosts/{id}/", "/hosts/{id}/remove/", "/hosts/{id}/people/"]
OF_SOURCES = [f"/sources/cart/host-access/{end}" for end in ("", "on/", "sync/", "off/")]


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.mark.parametrize("person", ["owner", "reader", "outsider"])
def test_nobody_else_sees_the_pages(
    person: str, taken: Taken, client: Client, request: pytest.FixtureRequest
) -> None:
    set_grant("readers", taken.source)
    client.force_login(request.getfixturevalue(person))
    absent = client.get("/nothing/here/").content
    for path in (*OF_HOSTS, *OF_SOURCES):
        for method in ("get", "post"):
            answer = getattr(client, method)(path.format(id=taken.host.pk))
            assert (answer.status_code, answer.content) == (404, absent), path
    assert not HostAccess.objects.exists()


def test_a_source_admin_takes_them_for_their_own_source_alone(
    taken: Taken, client: Client, reader: User
) -> None:
    Source.objects.create(name="other", kind=Source.Kind.REMOTE, location=taken.source.location)
    RoleGrant.objects.create(role=Role.SOURCE_ADMIN, user=reader, source=taken.source)
    client.force_login(reader)
    assert client.get("/sources/cart/host-access/").status_code == 200
    assert client.get("/sources/other/host-access/").status_code == 404
    assert client.get("/hosts/").status_code == 404
    assert client.post("/sources/cart/host-access/on/").status_code == 302
    assert client.post("/sources/other/host-access/on/").status_code == 404
    assert HostAccess.objects.get().source == taken.source


def test_what_would_come_of_it_is_shown_first_and_nothing_is_changed(
    admin: Client, taken: Taken, reader: User
) -> None:
    taken.project.members = [Account(1, "reader", right="Owner"), Account(2, "<b>x</b>")]
    page = admin.post("/sources/cart/host-access/").content.decode()
    assert "1 person would read by the host" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "Nobody here has this user name." in page
    assert not HostAccess.objects.exists()
    assert not Grant.objects.exists()
    assert not HostPerson.objects.exists()
    admin.post("/sources/cart/host-access/on/")
    assert taken.readers() == ["reader"]
    page = admin.get("/sources/cart/host-access/").content.decode()
    assert "s behind" in page
    assert "1 account that is nobody here" in page


def test_a_host_that_refuses_is_quoted(admin: Client, taken: Taken) -> None:
    taken.project.status = 403
    answer = admin.post("/sources/cart/host-access/")
    assert answer.status_code == 400
    assert b"It needs read_api, as a member of the project." in answer.content


def test_the_rules_of_a_host_are_shown_as_such_and_not_revoked_by_hand(
    admin: Client, taken: Taken, reader: User
) -> None:
    taken.project.members = [Account(1, "reader")]
    taken.on()
    page = admin.get("/sources/cart/").content.decode()
    assert "from the host" in page
    assert "Revoke the rule of reader" not in page
    address = f"/sources/cart/grants/{taken.rules().get().pk}/revoke/"
    assert admin.get(address).status_code == 404
    assert admin.post(address).status_code == 404
    assert taken.readers() == ["reader"]


def test_it_is_switched_off_after_a_question(admin: Client, taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "reader")]
    taken.on()
    assert "1 rule is revoked" in admin.get("/sources/cart/host-access/off/").content.decode()
    assert taken.readers() == ["reader"]
    admin.post("/sources/cart/host-access/off/")
    assert not Grant.objects.exists()
    told = Event.objects.filter(action=Action.HOST_ACCESS_SWITCHED)
    assert [one.details["on"] for one in told] == [True, False]


def test_a_held_sync_is_let_go_on(admin: Client, taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "reader")]
    taken.on()
    taken.project.members = []
    admin.post("/sources/cart/host-access/sync/")
    page = admin.get("/sources/cart/host-access/").content.decode()
    assert "Let it go on: 1 loses it" in page
    assert "then nobody reads by it" in page
    admin.post("/sources/cart/host-access/sync/", {"go_on": "yes"})
    assert taken.readers() == []


def test_an_account_is_said_to_be_somebody(admin: Client, taken: Taken, reader: User) -> None:
    taken.project.members = [Account(4, "rdr")]
    taken.on()
    address = f"/hosts/{taken.host.pk}/"
    assert "Nobody here has this user name." in admin.get(address).content.decode()
    for wrong in ({"account_id": "4", "person": "x"}, {"account_id": "99", "person": "reader"}):
        assert admin.post(f"{address}people/", wrong).status_code == 400
    admin.post(f"{address}people/", {"account_id": "4", "person": "reader"})
    taken.sync()
    assert taken.readers() == ["reader"]
    person = HostPerson.objects.get()
    assert "Said by an admin" in admin.get(address).content.decode()
    admin.post(f"{address}people/{person.pk}/forget/")
    taken.sync()
    assert taken.readers() == []


GIVEN = {"kind": "gitlab", "address": "https://gitlab.example.com/", "match": "user_name"}


def test_a_host_is_set_up_changed_and_removed(admin: Client, db: None) -> None:
    credential = add("asker", Credential("git", "token"))
    given = GIVEN | {"credential": str(credential.pk)}
    admin.post("/hosts/", given)
    host = CodeHost.objects.get()
    assert (host.address, str(host)) == ("https://gitlab.example.com", "gitlab.example.com")
    group = Group.objects.create(name="everybody")
    admin.post(f"/hosts/{host.pk}/", given | {"internal_group": str(group.pk)})
    host.refresh_from_db()
    assert host.internal_group == group
    assert (
        b"is used by the code host gitlab.example.com"
        in admin.post(f"/credentials/{credential.pk}/remove/", follow=True).content
    )
    assert admin.get(f"/hosts/{host.pk}/remove/").status_code == 200
    admin.post(f"/hosts/{host.pk}/remove/")
    assert not CodeHost.objects.exists()
    actions = Event.objects.filter(object_kind="code host").values_list("action", flat=True)
    assert list(actions) == [Action.HOST_ADDED, Action.HOST_CHANGED, Action.HOST_REMOVED]


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "ssh://gitlab.example.com"},
        {"address": "http://169.254.169.254"},
        {"address": "https://user:pw@gitlab.example.com"},
        {"address": "javascript:alert(1)"},
        {"match": "external_id"},
        {"match": "guess"},
        {"kind": "other"},
        {"credential": ""},
    ],
)
def test_what_cannot_be_a_host_is_refused(wrong: dict[str, str], admin: Client, db: None) -> None:
    credential = add("asker", Credential("git", "token"))
    given = GIVEN | {"credential": str(credential.pk)} | wrong
    assert admin.post("/hosts/", given).status_code == 400
    assert not CodeHost.objects.exists()


def test_a_key_for_ssh_asks_no_api(admin: Client, db: None) -> None:
    key = SshKey("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n")
    given = GIVEN | {"credential": str(add("key", key).pk)}
    answer = admin.post("/hosts/", given)
    assert b"needs a credential with an access token" in answer.content
    assert SharedCredential.objects.exists()


def host_and_source(kind: str, address: str, location: str) -> tuple[CodeHost, Source]:
    credential = add("asker", Credential("git", "token"))
    host = CodeHost.objects.create(kind=kind, address=address, credential=credential)
    return host, Source.objects.create(name="x", kind=Source.Kind.REMOTE, location=location)


@pytest.mark.parametrize(
    ("address", "location", "path"),
    [
        ("https://git.example.com", "https://git.example.com/shop/cart.git", "shop/cart"),
        ("https://git.example.com", "https://git.example.com:443/shop/cart", "shop/cart"),
        ("https://git.example.com", "https://git.example.com:8443/shop/cart", ""),
        ("https://git.example.com", "git@git.example.com:shop/cart.git", "shop/cart"),
        ("https://git.example.com", "ssh://git@git.example.com:2222/a/b/c.git", "a/b/c"),
        ("https://git.example.com", "https://git.example.com.evil.org/shop/cart", ""),
        ("https://example.com/git", "https://example.com/git/shop/cart.git", "shop/cart"),
        ("https://example.com/git", "https://example.com/gitea/shop/cart.git", ""),
        ("https://github.com", "git@ssh.github.com:shop/cart.git", "shop/cart"),
        ("https://api.github.com", "https://github.com/shop/cart.git", "shop/cart"),
    ],
)
def test_a_repository_is_found_on_its_host_alone(
    address: str, location: str, path: str, db: None
) -> None:
    host, source = host_and_source("gitlab", address, location)
    assert path_on(host, source) == path
    assert (host_of(source) == host) is bool(path)


@pytest.mark.parametrize(
    ("address", "location", "path"),
    [
        ("https://git.example.com", "https://git.example.com/scm/SHOP/cart.git", "SHOP/cart"),
        ("https://example.com/bb", "https://example.com/bb/scm/~ana/own.git", "~ana/own"),
        ("https://git.example.com", "ssh://git@git.example.com:7999/shop/cart.git", "shop/cart"),
        ("https://git.example.com", "https://other.example.com/scm/shop/cart.git", ""),
    ],
)
def test_bitbucket_puts_a_word_in_front_of_its_repositories(
    address: str, location: str, path: str, db: None
) -> None:
    host, source = host_and_source("bitbucket", address, location)
    assert path_on(host, source) == path
