"""Rules for people and groups, with an end and a record: on pages and on the command line."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.access import known_sources, scope_of
from appliance.sources.granting import revoke_grant, set_grant
from appliance.sources.models import Grant
from indexer.models import Source
from tests.conftest import SourceFactory, UserFactory


@pytest.fixture
def shop(db: None) -> Source:
    return Source.objects.create(name="shop", location="/repositories/shop")


def grant_of(*arguments: str) -> str:
    output = io.StringIO()
    call_command("grant", *arguments, stdout=output)
    return output.getvalue().strip()


def test_a_rule_for_one_person_is_nobody_elses(shop: Source, user_factory: UserFactory) -> None:
    ana, ben = user_factory("ana"), user_factory("ben")
    set_grant(ana, shop, "docs/")
    assert scope_of(ana).allows(shop.pk, "docs/a.md")
    assert not scope_of(ana).allows(shop.pk, "src/a.py")
    assert not scope_of(ben).allows(shop.pk, "docs/a.md")


def test_a_persons_denial_and_a_groups_allowance_count_together(
    shop: Source, user_factory: UserFactory
) -> None:
    ana = user_factory("ana", groups=("readers",))
    set_grant("readers", shop)
    set_grant(ana, shop, "vault", allow=False)
    assert scope_of(ana).allows(shop.pk, "a.py")
    assert not scope_of(ana).allows(shop.pk, "vault/key")


def test_of_the_same_paths_a_denial_wins_and_the_source_is_not_named(
    shop: Source, user_factory: UserFactory
) -> None:
    ana = user_factory("ana", groups=("readers",))
    set_grant("readers", shop)
    set_grant(ana, shop, allow=False)
    assert scope_of(ana).source_ids == frozenset()
    assert not known_sources(ana).exists()


def test_a_rule_ends_by_itself(shop: Source, user_factory: UserFactory) -> None:
    ana = user_factory("ana")
    set_grant(ana, shop, expires_at=timezone.now() + timedelta(hours=1))
    assert scope_of(ana).allows(shop.pk, "a.py")
    Grant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert scope_of(ana).source_ids == frozenset()


def test_a_rule_is_of_a_group_or_of_a_person(shop: Source, user_factory: UserFactory) -> None:
    group = Group.objects.create(name="readers")
    for holders in ({}, {"group": group, "user": user_factory("ana")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.create(source=shop, **holders)


def test_every_change_is_on_record_with_who_made_it(
    shop: Source, staff: User, user_factory: UserFactory
) -> None:
    ana = user_factory("ana")
    set_grant(ana, shop, "docs/", reason="ticket 7", by=staff)
    set_grant(ana, shop, "docs/", allow=False, by=staff)
    revoke_grant(Grant.objects.get(), by=staff)
    events = list(Event.objects.filter(action__startswith="grant.").order_by("sequence"))
    assert [one.action for one in events] == ["grant.added", "grant.changed", "grant.revoked"]
    assert {(one.actor, one.object_name) for one in events} == {("staff", "shop")}
    assert events[0].details["person"] == "ana"
    assert events[0].details["reason"] == "ticket 7"
    assert [one.details["allow"] for one in events] == [True, False, False]


def test_what_cannot_be_recorded_is_not_granted(
    shop: Source, user_factory: UserFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = user_factory("ana")

    def refuse(*_: object, **__: object) -> None:
        raise IntegrityError

    # The edge to the record: everything before it is real.
    monkeypatch.setattr("appliance.sources.granting.record", refuse)
    with pytest.raises(IntegrityError):
        set_grant(ana, shop)
    assert not Grant.objects.exists()


def test_the_command_grants_and_revokes_for_a_person(
    shop: Source, user_factory: UserFactory
) -> None:
    user_factory("ana")
    said = grant_of("ana", "shop", "--user", "--path", "docs/")
    assert said == "ana may read shop:docs/. The source has no files yet."
    said = grant_of("--user", "ana", "shop", "--until", "2999-01-31")
    assert said == "ana may read shop:*. The source has no files yet."
    assert Grant.objects.get(path_pattern="").expires_at is not None
    assert grant_of("ana", "shop", "--user", "--revoke") == "Revoked: ana may read shop:*."
    assert not Group.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "shop", "--user"), "nobody called 'nobody'"),
        (("nobody", "shop", "--user", "--revoke"), "nobody of that name"),
        (("ana", "shop", "--user", "--revoke"), "no such rule"),
        (("ana", "shop", "--user", "--until", "yesterday"), "write a day to come"),
        (("ana", "shop", "--user", "--until", "2020-01-01"), "write a day to come"),
        (("ana", "shop", "--user", "--until", "2026-02-31"), "write a day to come"),
        (("ana", "shop", "--user", "--path", "../vault"), "holds a folder"),
    ],
)
def test_the_command_says_what_is_wrong(
    shop: Source, user_factory: UserFactory, arguments: tuple[str, ...], said: str
) -> None:
    user_factory("ana")
    with pytest.raises(CommandError, match=said):
        grant_of(*arguments)
    assert not Grant.objects.exists()


def test_the_page_saves_rules_for_people_and_shows_the_history(
    client: Client, shop: Source, staff: User, user_factory: UserFactory
) -> None:
    user_factory("ana")
    client.force_login(staff)
    given = {"person": "ana", "allow": "no", "path_pattern": "vault/", "reason": "ticket 7"}
    client.post("/sources/shop/grants/", given | {"until": "2999-01-31"})
    grant = Grant.objects.get()
    assert str(grant) == "ana may not read shop:vault/"
    assert (grant.created_by, grant.reason) == ("staff", "ticket 7")
    page = client.get("/sources/shop/").content.decode()
    assert "ana may not read shop:vault/ until 2999-01-31 (ticket 7)" in page
    assert ">2999-01-31<" in page
    asked = client.get(f"/sources/shop/grants/{grant.pk}/revoke/")
    assert b"Revoke this rule?" in asked.content
    assert Grant.objects.exists()
    client.post(f"/sources/shop/grants/{grant.pk}/revoke/")
    assert not Grant.objects.exists()
    assert "Grant revoked" in client.get("/sources/shop/").content.decode()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"person": "nobody"},
        {"person": "ana", "until": "2020-01-01"},
        {"person": "ana", "path_pattern": "src/../vault"},
        {"person": "ana", "path_pattern": "x" * 501},
        {"person": "a\0b"},
    ],
)
def test_the_page_refuses_half_a_rule(
    client: Client, shop: Source, staff: User, user_factory: UserFactory, given: dict[str, str]
) -> None:
    user_factory("ana")
    client.force_login(staff)
    response = client.post("/sources/shop/grants/", {"allow": "yes"} | given)
    assert response.status_code == 400
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "It is about 3 of 3 files."),
        ("src/", "It is about 2 of 3 files."),
        ("**/*.pem", "It is about 1 of 3 files."),
        ("*.pem", "None of 3 files fits it"),
        ("/scr/", "None of 3 files fits it"),
    ],
)
def test_a_rule_says_how_many_files_it_is_about(
    source_factory: SourceFactory, client: Client, staff: User, pattern: str, says: str
) -> None:
    source_factory("shop", {"README.md": "# Shop\n", "src/a.py": "A = 1\n", "src/key.pem": "x\n"})
    client.force_login(staff)
    given = {"person": staff.username, "allow": "no", "path_pattern": pattern}
    page = client.post("/sources/shop/grants/", given, follow=True).content.decode()
    assert says in page
    assert ("notice-warning" in page) == ("None" in says)


def test_the_record_of_a_change_is_one_line_of_json(shop: Source, staff: User) -> None:
    set_grant("red\nteam", shop, by=staff)
    event = Event.objects.get()
    assert json.loads(json.dumps(event.details))["group"] == "red\\x0ateam"
