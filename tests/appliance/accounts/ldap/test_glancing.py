"""Who is at work here and leaves the directory or a group is out at a glance, before any sync."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from celery import current_app
from django.test import Client
from django.utils import timezone

from appliance.accounts.directories import working
from appliance.accounts.directories.working import at_work
from appliance.accounts.ldap.glancing import glance
from appliance.accounts.models import ApiToken, Directory, TokenRight, User
from appliance.accounts.tasks import glance_at_directories
from appliance.accounts.tokens import create_token
from appliance.audit.models import Event
from tests.appliance.accounts.ldap.test_signing_in import groups, sign_in
from tests.ldapserver import GROUPS, PEOPLE, READER, LdapServer

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def directory(server: LdapServer) -> Directory:
    """A directory of which Ana and Ben are at work: she with a browser, he with a program."""
    made = server.directory()
    for name in ("ana", "ben", "cy"):
        assert sign_in(name)
    UserSession.objects.all().delete()  # of the sign-ins
    browser = Client()
    browser.force_login(person("ana"))
    assert browser.get("/").status_code == 200
    create_token(person("ben"), name="x", rights=[TokenRight.READ], by=person("ben"))
    ApiToken.objects.update(last_used_at=timezone.now())
    return made


def person(name: str) -> User:
    return User.objects.get(username=name)


def names(directory: Directory) -> set[str]:
    return set(at_work(directory).values_list("user__username", flat=True))


def test_who_is_at_work_is_looked_at_and_nobody_else(directory: Directory) -> None:
    assert names(directory) == {"ana", "ben"}
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=20))
    assert names(directory) == {"ben"}
    ApiToken.objects.update(revoked_at=timezone.now())
    assert names(directory) == set()
    assert glance(directory) is None


def test_a_glance_at_what_did_not_change_changes_nothing(directory: Directory) -> None:
    report = glance(directory)
    assert report is not None
    assert (report.people, report.changes) == (2, 0)
    assert not Event.objects.filter(action__startswith="group").filter(actor="corp").exists()


@pytest.mark.parametrize("road", ["disabled", "deleted"])
def test_who_is_disabled_or_deleted_is_out_with_session_and_token(
    server: LdapServer, directory: Directory, road: str
) -> None:
    dn = f"uid=ana,{PEOPLE}"
    if road == "disabled":
        server.change(dn, "pwdAccountLockedTime", "000001010000Z")
    else:
        server.delete(dn)
    report = glance(directory)
    assert report is not None
    assert report.disabled == 1
    assert not person("ana").is_active
    assert not UserSession.objects.filter(user=person("ana")).exists()
    assert person("ben").is_active
    assert Event.objects.filter(action="person.disabled", object_name="ana").count() == 1


def test_who_left_a_group_above_theirs_loses_it(server: LdapServer, directory: Directory) -> None:
    server.change(f"cn=engineering,{GROUPS}", "member", READER)
    report = glance(directory)
    assert report is not None
    assert report.left == 2
    assert groups(person("ana")) == {"backend"}
    assert groups(person("ben")) == {"everyone"}


def test_many_losses_at_once_are_left_to_the_sync(server: LdapServer, directory: Directory) -> None:
    for name in ("ana", "ben"):
        server.delete(f"uid={name},{PEOPLE}")
    assert glance(directory) is None
    assert person("ana").is_active
    directory.refresh_from_db()
    assert directory.sync_held == 0


def test_a_server_that_is_down_shuts_nobody_out(server: LdapServer, directory: Directory) -> None:
    server.stop()
    assert glance(directory) is None
    assert person("ana").is_active


def test_more_than_fit_take_turns(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "MOST_AT_ONCE", 1)
    first = names(directory)
    assert glance(directory) is not None
    assert first | names(directory) == {"ana", "ben"}


def test_the_schedule_looks_at_what_is_enabled(server: LdapServer, directory: Directory) -> None:
    server.change(f"cn=backend,{GROUPS}", "member", READER)
    current_app.conf.task_always_eager = True
    try:
        glance_at_directories()
    finally:
        current_app.conf.task_always_eager = False
    assert groups(person("ana")) == set()
