"""People of a real LDAP server sign in by the normal form (C05, C04 for directories)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client

from appliance.accounts.models import Identity, RoleGrant, User
from appliance.audit.models import Event
from tests.ldapserver import PASSWORD, PEOPLE, LdapServer, running

pytestmark = [pytest.mark.services, pytest.mark.django_db]

HOSTILE = [
    ("ana", "wrong"),
    ("ana", ""),
    ("ana", "\0"),
    ("ana", f"{PASSWORD}\0"),
    ("nobody", PASSWORD),
    ("", PASSWORD),
    ("*", PASSWORD),
    ("a*", PASSWORD),
    ("*)(uid=*", PASSWORD),
    ("*)(|(uid=*", PASSWORD),
    ("ana)(&", PASSWORD),
    ("ana\0", PASSWORD),
    ("ana\\00", PASSWORD),
    ("\\61na", PASSWORD),
    ("ana\n", PASSWORD + "x"),
    ("uid=ana,ou=people,dc=corp,dc=example", PASSWORD),
    ("x" * 100_000, PASSWORD),
    ("ana", "x" * 100_000),
]


def sign_in(name: str, password: str = PASSWORD) -> User | None:
    """Go through the form, as a browser without JavaScript does."""
    client = Client()
    answer = client.post("/accounts/login/", {"login": name, "password": password})
    assert answer.status_code in {200, 302}
    user_id = client.session.get("_auth_user_id")
    if user_id is None:
        assert answer.status_code == 200
        return None
    return User.objects.get(pk=user_id)


def groups(user: User | None) -> set[str]:
    assert user is not None
    return set(user.groups.values_list("name", flat=True))


def test_somebody_signs_in_and_has_their_nested_groups(server: LdapServer) -> None:
    directory = server.directory()
    ana = sign_in("ana")
    assert groups(ana) == {"backend", "engineering", "everyone"}
    assert ana is not None
    assert (ana.username, ana.email, ana.has_usable_password()) == (
        "ana",
        "ana@corp.example",
        False,
    )
    identity = directory.identities.get()
    assert len(identity.subject) == 36  # entryUUID
    assert Event.objects.filter(action="person.created", object_name="ana").count() == 1


def test_the_second_time_it_is_the_same_person(server: LdapServer) -> None:
    server.directory()
    first, second = sign_in("ana"), sign_in("ANA")
    assert first == second
    assert Identity.objects.count() == 1


def test_groups_that_hold_each_other_end_somewhere(server: LdapServer) -> None:
    server.directory()
    assert groups(sign_in("cy")) == {"loop-a", "loop-b"}


def test_groups_are_not_followed_upwards_where_they_shall_not(server: LdapServer) -> None:
    server.directory(is_nested=False)
    assert groups(sign_in("ana")) == {"backend"}


def test_a_changed_group_counts_at_the_next_sign_in(server: LdapServer) -> None:
    server.directory()
    sign_in("ana")
    server.change(
        "cn=backend,ou=groups,dc=corp,dc=example", "member", "cn=reader,dc=corp,dc=example"
    )
    assert groups(sign_in("ana")) == set()


def test_start_tls_works_as_ldaps_does(server: LdapServer) -> None:
    server.directory(security="starttls", servers=[f"127.0.0.1:{server.port}"])
    assert sign_in("ana") is not None


def test_somebody_binds_directly_without_a_service_account(tmp_path: Path) -> None:
    with running(tmp_path / "direct", readers="users") as server:
        server.add_person("ana")
        server.add_person("ben", userPassword="another")
        server.directory(bind_dn="", bind_template=f"uid={{name}},{PEOPLE}")
        assert sign_in("ana") is not None
        for name in ("ben", f"ana,{PEOPLE}", "ana+sn=Ana", "*"):
            assert sign_in(name) is None


def test_a_template_that_binds_one_person_never_finds_another(tmp_path: Path) -> None:
    with running(tmp_path / "direct", readers="users") as server:
        server.add_person("mallory", "uid=ben")  # may bind as ben, is found as mallory
        server.add_person("ben", "cn=boss", userPassword="another")
        server.directory(bind_dn="", bind_template=f"uid={{name}},{PEOPLE}")
        assert sign_in("ben") is None


def test_wrong_and_hostile_names_are_refused(server: LdapServer) -> None:
    server.directory()
    for name, password in HOSTILE:
        cache.clear()  # of the limit of attempts
        assert sign_in(name, password) is None, (name[:50], password[:50])
    assert not User.objects.exists()


def test_a_name_that_two_people_have_is_nobodys(server: LdapServer) -> None:
    server.add_person("dup", "cn=one")
    server.add_person("dup", "cn=two")
    server.directory()
    assert sign_in("dup") is None


def test_a_name_full_of_separators_is_found_with_its_groups(server: LdapServer) -> None:
    dn = server.add_person("jo", r"cn=Smith\2C \22Jo\22 \2B (x) \5C*", cn='Smith, "Jo" + (x) \\*')
    server.add_group("odd", dn)
    server.directory()
    assert groups(sign_in("jo")) == {"odd"}


def test_a_person_who_is_disabled_there_is_refused(server: LdapServer) -> None:
    server.directory()
    server.change("uid=ana,ou=people,dc=corp,dc=example", "pwdAccountLockedTime", "000001010000Z")
    assert sign_in("ana") is None


def test_a_person_who_is_disabled_here_is_refused(server: LdapServer) -> None:
    server.directory()
    ana = sign_in("ana")
    User.objects.filter(pk=getattr(ana, "pk", 0)).update(is_active=False)
    assert sign_in("ana") is None


def test_the_directory_is_never_asked_for_a_local_account(
    server: LdapServer, user_factory: object
) -> None:
    local = User.objects.create_user("Ana", password="the local password")
    server.directory()
    assert sign_in("ana") is None
    assert not Identity.objects.exists()
    assert sign_in("Ana", "the local password") == local


def test_who_has_the_name_of_a_local_account_is_somebody_else(server: LdapServer) -> None:
    local = User.objects.create_user("ana", password="the local password", is_staff=True)
    server.directory()
    other = sign_in("corp\\ana")
    assert other is not None
    assert other != local
    assert (other.username, other.is_staff) == ("ana-2", False)
    assert sign_in("other\\ana") is None


def test_only_people_who_were_brought_get_in_where_the_directory_makes_nobody(
    server: LdapServer,
) -> None:
    directory = server.directory()
    directory.creates_people = False
    directory.save()
    assert sign_in("ana") is None
    brought = User.objects.create_user("brought")
    Identity.objects.create(directory=directory, user=brought, user_name="Ana")
    assert sign_in("ana") == brought


def test_a_group_with_a_role_is_not_joined_by_its_name(server: LdapServer) -> None:
    powerful = Group.objects.create(name="backend")
    RoleGrant.objects.create(role="admin", group=powerful)
    server.directory()
    assert groups(sign_in("ana")) == {"engineering", "everyone"}
