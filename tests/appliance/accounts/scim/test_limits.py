"""What SCIM may not do, and hostile requests (C10)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import Directory, Identity, RoleGrant, User
from appliance.audit.chain import hash_of
from appliance.audit.models import Event
from tests.appliance.accounts.scim.client import GROUP, Provider, groups_of, make_provider

pytestmark = [pytest.mark.services, pytest.mark.django_db]

FILTERS = [
    'userName eq "a" or 1 eq 1',
    'user__password sw "md5"',
    "password pr",
    "user.is_staff eq true",
    'is_superuser eq "true"',
    '_connector eq "OR"',
    "_negated eq true",
    'userName__regex eq ".*"',
    'userName regex ".*"',
    "directory.sealed_secret pr",
    "userName eq 'a' OR ''=''",
    'userName eq "a\\u0000b"',
    'userName eq "a\\ud800"',
    'userName eq "a"; DROP TABLE accounts_user',
    "userName eq",
    "userName",
    'eq "a"',
    '(userName eq "a"',
    'userName eq "a")',
    'not userName eq "a"',
    'emails[type eq "work"',
    "(" * 200 + 'userName eq "a"' + ")" * 200,
    " or ".join(['userName eq "a"'] * 200),
    'userName eq "' + "a" * 1_000_000 + '"',
    'userName eq "unterminated',
    "[[[]]]",
    "\\",
    'active eq "maybe"',
    "active gt true",
    'meta.created gt "yesterday"',
    'id co "1"',
    'userName eq {"a": 1}',
    "userName eq 7",
]

BODIES: list[bytes | str] = [
    b"",
    b"not json",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'"text"',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"userName": 7}',
    b'{"userName": {"a": "b"}}',
    b'{"userName": ""}',
    b'{"userName": "a\\u0000b"}',
    b'{"userName": "line\\nbreak"}',
    b'{"userName": "ok", "active": "perhaps"}',
    b'{"userName": "ok", "name": "text"}',
    b'{"userName": "ok", "emails": [{"value": {"x": 1}}]}',
    b'{"userName": "ok", "emails": 7}',
    b'{"displayName": "no user name"}',
    b'{"userName": "' + b"x" * 501 + b'"}',
]


def test_filters_that_are_wrong_or_reach_too_far_are_refused(provider: Provider) -> None:
    provider.user("ana")
    for text in FILTERS:
        started = time.thread_time()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = provider.get("Users", filter=text)
        assert answer.status == 400, text[:80]
        assert answer.body["scimType"] == "invalidFilter", text[:80]
        assert not any("user_name" in one["sql"] for one in queries), text[:80]
        assert time.thread_time() - started < 2, text[:80]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('userName eq "ANA"', {"ana"}),
        ('USERNAME Eq "ana"', {"ana"}),
        ('userName sw "a" and active eq true', {"ana", "a%b"}),
        ('userName co "%"', {"a%b"}),
        ('userName co "_"', set()),
        ('not (userName eq "ana")', {"ben", "a%b"}),
        ('(userName eq "ana" or userName eq "ben") and externalId eq "e1"', {"ana"}),
        ('emails.value co "corp"', {"ana"}),
        ('emails[type eq "work" and value eq "ana@corp.example"]', {"ana"}),
        ("externalId pr", {"ana"}),
        ('externalId eq "E1"', set()),  # the only one that minds case
        ('displayName co "lim"', {"ana"}),
        ('id eq "no number"', set()),
        ('userName ne "ana"', {"ben", "a%b"}),
        ('active eq "False"', set()),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ben"', {"ben"}),
        ('meta.lastModified gt "2020-01-01T00:00:00Z"', {"ana", "ben", "a%b"}),
    ],
)
def test_filters_find_what_they_say(provider: Provider, text: str, names: set[str]) -> None:
    provider.user(
        "ana",
        externalId="e1",
        displayName="Ana Lima",
        emails=[{"value": "ana@corp.example", "type": "work"}],
    )
    provider.user("ben")
    provider.user("a%b")
    answer = provider.get("Users", filter=text)
    assert answer.status == 200
    assert {one["userName"] for one in answer.body["Resources"]} == names


def test_bodies_that_are_wrong_change_nothing(provider: Provider) -> None:
    ana = provider.user("ana")
    events = Event.objects.count()
    for body in BODIES:
        for method, path in (("POST", "Users"), ("PUT", f"Users/{ana}")):
            answer = provider.send(method, path, body or b" ")
            assert answer.status == 400, body[:50]
            assert answer.body["scimType"] in {"invalidSyntax", "invalidValue"}
    assert list(Identity.objects.values_list("user_name", flat=True)) == ["ana"]
    assert Event.objects.count() == events


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "destroy", "path": "active"}, "invalidSyntax"),
        ({"op": ["add"], "path": "active"}, "invalidSyntax"),
        ({"path": "active", "value": True}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "value": "text"}, "invalidValue"),
        ({"op": "replace", "path": 7, "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "emails[", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "a b", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "id", "value": "9"}, "mutability"),
        ({"op": "add", "path": "groups", "value": [{"value": "1"}]}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "active", "value": 7}, "invalidValue"),
    ],
)
def test_operations_that_are_wrong_change_nothing(
    provider: Provider, operation: dict[str, Any], scim_type: str
) -> None:
    path = f"Users/{provider.user('ana')}"
    before = provider.get(path).content
    answer = provider.patch(path, {"op": "replace", "path": "displayName", "value": "x"}, operation)
    assert (answer.status, answer.body["scimType"]) == (400, scim_type)
    assert provider.get(path).content == before


def test_a_body_that_is_too_large_is_refused(provider: Provider) -> None:
    assert provider.send("POST", "Users", b" " * (17 * 1024 * 1024)).status == 413
    many = [{"op": "add", "path": "displayName", "value": "x"}] * 1001
    assert provider.patch(f"Users/{provider.user('ana')}", *many).status == 413


def test_names_are_unique_in_one_directory_whatever_their_case(provider: Provider) -> None:
    ana, ben = provider.user("ana", externalId="e1"), provider.user("ben")
    for body in ({"userName": "ANA"}, {"userName": "other", "externalId": "e1"}):
        answer = provider.send("POST", "Users", body)
        assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
        assert provider.send("PUT", f"Users/{ben}", body).status == 409
    renamed = {"op": "replace", "path": "userName", "value": "Ana"}
    assert provider.patch(f"Users/{ben}", renamed).status == 409
    assert provider.patch(f"Users/{ana}", renamed).status == 200
    provider.group("backend")
    assert provider.send("POST", "Groups", {"displayName": "BACKEND"}).status == 409


def test_pages_are_counted_from_one(provider: Provider) -> None:
    for number in range(5):
        provider.user(f"p{number}")

    def names(**query: str) -> tuple[int, int, list[str]]:
        body = provider.get("Users", **query).body
        assert body["itemsPerPage"] == len(body["Resources"])
        return (
            body["totalResults"],
            body["startIndex"],
            [one["userName"] for one in body["Resources"]],
        )

    assert names(startIndex="2", count="2") == (5, 2, ["p1", "p2"])
    assert names(count="0") == (5, 1, [])
    assert names(startIndex="9") == (5, 9, [])
    assert names(startIndex="0", count="1") == (5, 1, ["p0"])
    assert names(startIndex="-3", count="-1") == (5, 1, [])
    assert names(count="99999")[2] == ["p0", "p1", "p2", "p3", "p4"]
    assert provider.get("Users", count="many").status == 400
    assert provider.get("Users", startIndex="9" * 30).status == 400


def test_only_the_attributes_that_were_asked_for(provider: Provider) -> None:
    ana = provider.user("ana", displayName="Ana")
    assert set(provider.get(f"Users/{ana}", attributes="userName").body) == {
        "schemas",
        "id",
        "meta",
        "userName",
    }
    assert (
        "displayName"
        not in provider.get("Users", excludedAttributes="displayName").content.decode()
    )


def test_a_search_by_post_finds_what_one_by_address_finds(provider: Provider) -> None:
    provider.user("ana")
    provider.user("ben")
    body = {"filter": 'userName sw "a"', "count": 5, "attributes": ["userName"]}
    found = provider.send("POST", "Users/.search", body).body
    assert [one["userName"] for one in found["Resources"]] == ["ana"]
    assert "active" not in found["Resources"][0]
    assert provider.send("POST", "Users/.search", {"filter": "user__password pr"}).status == 400
    provider.group("backend")
    assert provider.send("POST", "Groups/.search", {"count": 0}).body["totalResults"] == 1


def test_local_accounts_and_other_directories_are_out_of_reach(provider: Provider) -> None:
    local = User.objects.create_user("boss", password="local", is_staff=True, email="b@x")
    other = make_provider("entra")
    theirs, group = other.user("theirs"), other.group("their-group")
    for answer in (provider.get("Users"), provider.get("Users", filter='userName co "s"')):
        assert answer.body["totalResults"] == 0
    for path in (f"Users/{theirs}", f"Users/{local.pk}", f"Groups/{group}", "Users/0", "Users/x"):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = {"userName": "x", "displayName": "x"} | {
                "Operations": [{"op": "replace", "value": {"active": False}}]
            }
            assert provider.send(method, path, body).status == 404, (method, path)
    mine = provider.group("mine")
    joined = provider.patch(
        f"Groups/{mine}", {"op": "add", "path": "members", "value": [{"value": theirs}]}
    )
    assert joined.status == 400
    assert User.objects.get(username="theirs").is_active
    local.refresh_from_db()
    assert local.is_active


def test_the_name_of_a_local_account_makes_somebody_else(provider: Provider) -> None:
    boss = User.objects.create_user("boss", password="local", is_staff=True, email="b@x")
    made = provider.user("boss", emails=[{"value": "b@x"}])
    person = Identity.objects.get(pk=made).user
    assert person != boss
    assert (person.username, person.is_staff) == ("boss-2", False)
    provider.send("DELETE", f"Users/{made}")
    boss.refresh_from_db()
    assert boss.is_active


def test_nobody_becomes_an_admin(provider: Provider) -> None:
    admins = Group.objects.create(name="admins")
    RoleGrant.objects.create(role="admin", group=admins)
    directory = Directory.objects.get(slug="okta")
    directory.mappings.create(external="bosses", group=admins)
    ana = provider.user(
        "ana", isStaff=True, is_staff=True, is_superuser=True, roles=[{"value": "admin"}]
    )
    provider.group("admins", ana)
    provider.group("Bosses", ana)
    person = User.objects.get(username="ana")
    assert (person.is_staff, person.is_superuser, groups_of("ana")) == (False, False, set())


def test_somebody_new_with_an_old_name_is_somebody_new(provider: Provider) -> None:
    first = provider.user("ana", externalId="e1")
    provider.send("DELETE", f"Users/{first}")
    second = provider.user("ana", externalId="e2")
    old, new = Identity.objects.get(pk=first).user, Identity.objects.get(pk=second).user
    assert old != new
    assert (old.is_active, new.is_active, new.username) == (False, True, "ana-2")


def test_who_comes_back_by_the_same_id_is_who_left(provider: Provider) -> None:
    first = provider.user("ana", externalId="e1")
    provider.send("DELETE", f"Users/{first}")
    assert provider.user("ana", externalId="e1") == first
    assert User.objects.get(username="ana").is_active


def test_an_inactive_person_has_no_groups_until_they_are_active(provider: Provider) -> None:
    ana = provider.user("ana")
    provider.group("backend", ana)
    provider.patch(f"Users/{ana}", {"op": "replace", "value": {"active": False}})
    assert groups_of("ana") == set()
    provider.patch(f"Users/{ana}", {"op": "replace", "value": {"active": True}})
    assert groups_of("ana") == {"backend"}


def test_whom_an_admin_shut_out_a_harmless_change_does_not_let_in(provider: Provider) -> None:
    ana = provider.user("ana")
    User.objects.filter(username="ana").update(is_active=False)
    provider.patch(f"Users/{ana}", {"op": "replace", "value": {"active": True, "displayName": "A"}})
    assert not User.objects.get(username="ana").is_active


def test_a_group_of_ten_thousand_in_one_request(provider: Provider) -> None:
    directory = Directory.objects.get(slug="okta")
    count = 10_000
    users = User.objects.bulk_create(User(username=f"p{number}") for number in range(count))
    Identity.objects.bulk_create(
        Identity(directory=directory, user=user, user_name=user.username, provisioned={})
        for user in users
    )
    members = [{"value": str(pk)} for pk in directory.identities.values_list("pk", flat=True)]
    body = {"schemas": [GROUP], "displayName": "everybody", "members": members}
    started = time.monotonic()
    made = provider.send("POST", "Groups", body, excludedAttributes="members")
    seconds = time.monotonic() - started
    assert made.status == 201
    assert Group.objects.get(name="everybody").user_set.count() == count
    recorded = Event.objects.filter(action="group.member_added")
    assert recorded.count() == count
    assert seconds < 60
    last = Event.objects.order_by("-sequence")[:2]
    assert last[0].previous_hash == last[1].hash == hash_of(last[1])
