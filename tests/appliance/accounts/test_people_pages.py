"""People and groups for admins: C15 (the last admin, a fresh sign-in), and nobody else's business."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from appliance.accounts.lockout import LockedOut, keep_an_admin
from appliance.accounts.models import Belonging, Directory, Role, RoleGrant, User
from appliance.accounts.roles import roles_of
from appliance.accounts.tokens import create_token
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.signing import sign_in
from tests.conftest import UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

GIVE, TAKE = {"change": "give"}, {"change": "take"}


def recorded(*actions: Action) -> list[tuple[str, str, dict[str, object]]]:
    events = Event.objects.filter(action__in=actions)
    return [(event.action, event.object_name, event.details) for event in events]


def test_a_role_needs_a_fresh_sign_in_and_is_recorded(
    client: Client, staff: User, reader: User
) -> None:
    sign_in(client, staff, freshly=False)
    path = f"/people/{reader.pk}/role/"
    answer = client.post(path, {"role": "auditor", **GIVE})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Role.AUDITOR not in roles_of(reader)
    sign_in(client, staff)
    client.post(path, {"role": "auditor", **GIVE})
    client.post(path, {"role": "auditor", **GIVE})  # twice is once
    assert Role.AUDITOR in roles_of(reader)
    client.post(path, {"role": "auditor", **TAKE})
    assert roles_of(reader) == {Role.EMPLOYEE}
    assert recorded(Action.ROLE_GIVEN, Action.ROLE_TAKEN) == [
        (Action.ROLE_GIVEN, "reader", {"role": "auditor"}),
        (Action.ROLE_TAKEN, "reader", {"role": "auditor"}),
    ]


def test_an_account_of_a_directory_signs_in_again(client: Client, staff: User) -> None:
    staff.set_unusable_password()
    staff.save()
    client.force_login(staff)
    User.objects.update(last_login=timezone.now() - timedelta(minutes=6))
    answer = client.post(f"/people/{staff.pk}/role/", {"role": "auditor", **GIVE})
    assert (answer.status_code, b"Sign in again" in answer.content) == (403, True)
    User.objects.update(last_login=timezone.now())
    answer = client.post(f"/people/{staff.pk}/role/", {"role": "auditor", **GIVE})
    assert answer.status_code == 302


def test_the_last_admin_cannot_be_removed(
    client: Client, staff: User, user_factory: UserFactory
) -> None:
    sign_in(client, staff)
    for path, sent in (
        (f"/people/{staff.pk}/role/", {"role": "admin", **TAKE}),
        (f"/people/{staff.pk}/disable/", {}),
    ):
        answer = client.post(path, sent)
        assert answer.status_code == 409, path
        assert b"the last admin" in answer.content
    staff.refresh_from_db()
    assert (staff.is_active, staff.is_staff) == (True, True)
    with pytest.raises(LockedOut):
        keep_an_admin(staff)
    RoleGrant.objects.create(role=Role.ADMIN, user=user_factory("gone", is_active=False))
    assert client.post(f"/people/{staff.pk}/disable/").status_code == 409
    RoleGrant.objects.create(role=Role.ADMIN, user=user_factory("second"))
    assert client.post(f"/people/{staff.pk}/disable/").status_code == 302


def test_the_last_admin_by_a_group_stays_in_it(
    client: Client, staff: User, user_factory: UserFactory
) -> None:
    boss = user_factory("boss", groups=("bosses",))
    bosses = Group.objects.get(name="bosses")
    RoleGrant.objects.create(role=Role.ADMIN, group=bosses)
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    sign_in(client, boss)
    out = {"username": "boss", "change": "remove"}
    assert client.post(f"/groups/{bosses.pk}/member/", out).status_code == 409
    assert client.post(f"/groups/{bosses.pk}/role/", {"role": "admin", **TAKE}).status_code == 409
    assert boss.groups.exists()
    assert Role.ADMIN in roles_of(boss)


def test_a_flagged_admin_loses_the_flags_with_the_role(
    client: Client, staff: User, user_factory: UserFactory
) -> None:
    flagged = user_factory("flagged", is_staff=True, is_superuser=True)
    sign_in(client, staff)
    client.post(f"/people/{flagged.pk}/role/", {"role": "admin", **TAKE})
    flagged.refresh_from_db()
    assert (flagged.is_staff, flagged.is_superuser) == (False, False)
    assert roles_of(flagged) == {Role.EMPLOYEE}


def test_disabling_asks_once_more_and_is_undone_by_hand(
    client: Client, staff: User, reader: User
) -> None:
    create_token(reader, name="x", rights=[], by=reader)
    sign_in(client, staff)
    assert b"Disable reader?" in client.get(f"/people/{reader.pk}/disable/").content
    seen = []
    for action in ("nothing", "disable", "enable"):
        client.post(f"/people/{reader.pk}/{action}/")
        seen.append(User.objects.get(pk=reader.pk).is_active)
    assert seen == [True, False, True]
    assert reader.api_tokens.get().revoked_at is not None
    kinds = [kind for kind, *_ in recorded(Action.PERSON_DISABLED, Action.PERSON_ENABLED)]
    assert kinds == [Action.PERSON_DISABLED, Action.PERSON_ENABLED]


def test_people_are_found_by_name_and_state(
    client: Client, staff: User, user_factory: UserFactory
) -> None:
    user_factory("ana", first_name="Ana", last_name="Souza", email="ana@example.com")
    user_factory("bob", is_active=False)
    client.force_login(staff)
    for query, names in (
        ("", {"ana", "bob", "staff"}),
        ("?q=souza", {"ana"}),
        ("?q=example.com", {"ana"}),
        ("?state=disabled", {"bob"}),
        ("?q=%25", set()),
        ("?q=%00", {"ana", "bob", "staff"}),
        ("?state=nonsense&page=x", {"ana", "bob", "staff"}),
    ):
        rows = client.get("/people/" + query).context["rows"]
        assert {user.username for user, _ in rows} == names, query


def test_the_list_of_people_costs_the_same_for_two_and_for_fifty(
    client: Client, staff: User, user_factory: UserFactory, django_assert_max_num_queries: object
) -> None:
    for number in range(40):
        user_factory(f"p{number}", groups=("readers",))
    client.force_login(staff)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert len(client.get("/people/").context["rows"]) == 41


def test_a_group_shows_its_members_and_takes_people(
    client: Client, staff: User, reader: User, outsider: User
) -> None:
    group = Group.objects.get(name="readers")
    sign_in(client, staff)
    assert b"reader" in client.get(f"/groups/{group.pk}/").content
    assert b"readers" in client.get("/groups/?q=read").content
    path = f"/groups/{group.pk}/member/"
    client.post(path, {"username": "outsider", "change": "add"})
    assert outsider.groups.get() == group
    client.post(path, {"username": "outsider", "change": "remove"})
    assert not outsider.groups.exists()
    assert client.post(path, {"username": "nobody", "change": "add"}).status_code == 400
    assert [kind for kind, *_ in recorded(Action.MEMBER_ADDED, Action.MEMBER_REMOVED)] == [
        Action.MEMBER_ADDED, Action.MEMBER_REMOVED
    ]  # fmt: skip


def test_what_a_directory_says_is_changed_there(client: Client, staff: User, reader: User) -> None:
    group = Group.objects.get(name="readers")
    company = Directory.objects.create(name="Company", slug="company", kind="ldap")
    Belonging.objects.create(directory=company, user=reader, group=group)
    sign_in(client, staff)
    answer = client.post(f"/groups/{group.pk}/member/", {"username": "reader", "change": "remove"})
    assert (answer.status_code, b"Company puts them" in answer.content) == (409, True)
    assert reader.groups.exists()


def test_a_source_admin_needs_a_source(client: Client, staff: User, reader: User) -> None:
    sign_in(client, staff)
    path = f"/people/{reader.pk}/role/"
    assert client.post(path, {"role": "source_admin", **GIVE}).status_code == 400
    for role in ("employee", "root", ""):
        assert client.post(path, {"role": role, **GIVE}).status_code == 400
    assert not RoleGrant.objects.exists()


@pytest.mark.parametrize("role", [None, Role.CURATOR, Role.AUDITOR])
def test_people_are_nobody_elses_business(
    role: Role | None, client: Client, staff: User, reader: User
) -> None:
    if role:
        RoleGrant.objects.create(role=role, user=reader)
    group = Group.objects.get(name="readers")
    sign_in(client, reader)
    absent = client.get("/nothing/here/").content
    for path in (
        "/people/", f"/people/{staff.pk}/", f"/people/{staff.pk}/disable/",
        "/groups/", f"/groups/{group.pk}/", "/tokens/all/",
    ):  # fmt: skip
        assert client.get(path).content == absent, path
    assert client.post(f"/people/{reader.pk}/role/", {"role": "admin", **GIVE}).status_code == 404
    assert Role.ADMIN not in roles_of(reader)


def test_the_commands_do_the_same(
    staff: User, reader: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("role", "reader", "auditor")
    call_command("role", "readers", "curator", "--group")
    call_command("person", "reader", "--json")
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["roles"] == ["auditor", "curator"]
    call_command("person", "reader", "--disable")
    call_command("person", "reader")
    assert "active    no" in capsys.readouterr().out
    for wrong in (("role", "staff", "admin", "--take"), ("person", "staff", "--disable")):
        with pytest.raises(CommandError, match="last admin"):
            call_command(*wrong)
    with pytest.raises(CommandError, match="which source"):
        call_command("role", "reader", "source_admin")
    with pytest.raises(CommandError, match="no source"):
        call_command("role", "reader", "source_admin", "--source", "none")
    assert recorded(Action.ROLE_GIVEN)[0][1] == "reader"
