"""Access goes although nobody signs in (C07), and a broken directory shuts nobody out."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import ldap3
import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import connection

from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.reading import read_everybody
from appliance.accounts.ldap.syncing import SYNC_LOCK, sync_directory
from appliance.accounts.models import Directory, User
from appliance.accounts.tasks import sync_directories
from appliance.audit.models import Event
from tests.appliance.accounts.ldap.test_signing_in import groups, sign_in
from tests.ldapserver import (
    GROUPS,
    PEOPLE,
    READER,
    LdapServer,
    group_entry,
    many_people,
    running,
)

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def directory(server: LdapServer) -> Directory:
    """A directory of which Ana, Ben and Cy have signed in."""
    made = server.directory()
    for name in ("ana", "ben", "cy"):
        assert sign_in(name)
    return made


def person(name: str) -> User:
    return User.objects.get(username=name)


def test_a_sync_finds_the_groups_that_signing_in_found(directory: Directory) -> None:
    report = sync_directory(directory)
    assert (report.error, report.people, report.changes) == ("", 3, 0)
    assert directory.synced_at is not None
    assert not Event.objects.filter(action="directory.synced").exists()  # nothing changed


def test_who_leaves_a_group_loses_it_without_signing_in(
    server: LdapServer, directory: Directory
) -> None:
    server.change(f"cn=engineering,{GROUPS}", "member", READER)
    report = sync_directory(directory)
    assert (report.left, report.joined) == (2, 0)
    assert groups(person("ana")) == {"backend"}
    assert groups(person("ben")) == {"everyone"}
    assert Event.objects.filter(action="group.member_removed", object_name="ana").count() == 2


def test_who_joins_a_group_has_it_without_signing_in(
    server: LdapServer, directory: Directory
) -> None:
    server.join(f"cn=backend,{GROUPS}", f"uid=cy,{PEOPLE}")
    sync_directory(directory)
    assert groups(person("cy")) == {"loop-a", "loop-b", "backend", "engineering", "everyone"}


@pytest.mark.django_db(transaction=True)
def test_who_is_gone_or_disabled_is_shut_out_and_comes_back(
    server: LdapServer, directory: Directory
) -> None:
    dn = f"uid=ana,{PEOPLE}"
    server.change(dn, "pwdAccountLockedTime", "000001010000Z")
    assert sync_directory(directory).disabled == 1
    ana = person("ana")
    assert (ana.is_active, groups(ana)) == (False, set())
    assert sync_directory(directory).disabled == 0
    server.change(dn, "pwdAccountLockedTime")
    assert sync_directory(directory).enabled == 1
    assert (person("ana").is_active, groups(person("ana"))) == (
        True,
        {"backend", "engineering", "everyone"},
    )
    server.delete(dn)
    assert sync_directory(directory).disabled == 1
    assert not person("ana").is_active


def test_whom_an_admin_shut_out_the_directory_does_not_let_in(directory: Directory) -> None:
    User.objects.filter(username="ana").update(is_active=False)
    sync_directory(directory)
    assert not person("ana").is_active


def test_a_person_who_moves_within_the_tree_stays_the_same(
    server: LdapServer, directory: Directory
) -> None:
    connection = ldap3.Connection(
        ldap3.Server("127.0.0.1", server.port, get_info=ldap3.NONE),
        "cn=root,dc=corp,dc=example",
        "root's secret",
        auto_bind=True,
    )
    assert connection.modify_dn(f"uid=ana,{PEOPLE}", "uid=anna")
    connection.unbind()
    report = sync_directory(directory)
    assert (report.disabled, report.left) == (0, 0)
    assert sign_in("anna") == person("ana")


def test_local_accounts_are_not_touched(directory: Directory, reader: User) -> None:
    sync_directory(directory)
    reader.refresh_from_db()
    assert (reader.is_active, groups(reader)) == (True, {"readers"})


def test_a_server_that_is_down_shuts_nobody_out(server: LdapServer, directory: Directory) -> None:
    server.stop()
    report = sync_directory(directory)
    assert "cannot be reached" in report.error
    assert directory.sync_error == report.error
    assert groups(person("ana")) == {"backend", "engineering", "everyone"}
    assert Event.objects.filter(action="directory.synced", outcome="failed").count() == 1
    sync_directory(directory)  # the same error again is no news
    assert Event.objects.filter(action="directory.synced", outcome="failed").count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"people_base": "ou=nobody,dc=corp,dc=example"},
        {"people_filter": "(uid=nobody)"},
        {"groups_filter": "(cn=nothing)"},
        {"groups_base": f"cn=nothing,{GROUPS}"},
    ],
)
def test_wrong_settings_shut_nobody_out(directory: Directory, changes: dict[str, str]) -> None:
    directory.settings |= changes
    directory.save()
    report = sync_directory(directory)
    assert report.error
    assert User.objects.filter(is_active=True).count() == 3
    assert groups(person("ana")) == {"backend", "engineering", "everyone"}


def test_an_answer_that_is_cut_short_shuts_nobody_out(tmp_path: Path) -> None:
    with running(tmp_path / "slapd", extra="sizelimit size.soft=2 size.hard=2") as server:
        for name in ("ana", "ben", "cy", "di"):
            server.add_person(name)
        directory = server.directory(groups_base="")
        for name in ("ana", "ben", "cy", "di"):
            assert sign_in(name)
        report = sync_directory(directory)
    assert "sizeLimitExceeded" in report.error
    assert User.objects.filter(is_active=True).count() == 4


def test_a_large_loss_waits_for_an_admin(server: LdapServer, directory: Directory) -> None:
    for name in ("ana", "ben", "cy"):
        server.delete(f"uid={name},{PEOPLE}")
    report = sync_directory(directory)
    assert (report.held, directory.sync_held) == (3, 3)
    assert User.objects.filter(is_active=True).count() == 3
    report = sync_directory(directory, by="command line", go_on=True)
    assert (report.disabled, directory.sync_held, directory.sync_error) == (3, 0, "")
    assert User.objects.filter(is_active=True).count() == 0


def test_more_people_than_a_page_come_in_pages(tmp_path: Path) -> None:
    tree, members = many_people(1200)
    with running(tmp_path / "many", tree=tree + group_entry("all", members)) as server:
        directory = server.directory()
        with opened(config_of(directory), seconds=30) as link:
            everybody = read_everybody(link, config_of(directory))
    assert len(everybody) == 1200
    assert {told.groups for told in everybody.values()} == {frozenset({"all"})}


def test_two_syncs_at_once_are_one(directory: Directory) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [SYNC_LOCK, directory.pk])
        assert sync_directory(directory).is_busy
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SYNC_LOCK, directory.pk])
    other.close()
    assert not sync_directory(directory).is_busy


def test_the_command_says_what_changed(server: LdapServer, directory: Directory) -> None:
    server.delete(f"uid=ana,{PEOPLE}")
    out = StringIO()
    call_command("sync_directory", "corp", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["people"], report["disabled"], report["left"]) == (3, 1, 3)
    assert Event.objects.filter(action="directory.synced", actor="command line").count() == 1
    with pytest.raises(CommandError, match=r"no directory nothing\. Directories: corp"):
        call_command("sync_directory", "nothing")
    server.stop()
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("sync_directory", "corp")


def test_the_schedule_syncs_what_is_enabled(
    server: LdapServer, directory: Directory, settings: object
) -> None:
    current_app.conf.task_always_eager = True
    try:
        sync_directories()
    finally:
        current_app.conf.task_always_eager = False
    directory.refresh_from_db()
    assert directory.synced_at is not None
