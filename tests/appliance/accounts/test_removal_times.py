"""How long after a directory took somebody out they are refused here: prints a line of JSON.

    python -m pytest -n 0 -s -m slow tests/appliance/accounts/test_removal_times.py

To a glance, for whoever is at work, the schedule adds up to five seconds; to a sync its interval
(PLUMBLINE_DIRECTORY_SYNC_S, 60 s by default).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from appliance.accounts.ldap.arriving import arrive
from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.glancing import glance
from appliance.accounts.ldap.reading import read_everybody
from appliance.accounts.ldap.syncing import sync_directory
from appliance.accounts.models import Directory, User
from tests.appliance.accounts.scim.client import make_provider
from tests.ldapserver import GROUPS, PEOPLE, LdapServer, group_entry, many_people, running

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

PEOPLE_COUNT, GROUP_COUNT, IN_A_GROUP, AT_WORK = 1000, 40, 100, 200
LIMIT_S = 10.0


def seconds_until_refused(person: str, remove: Callable[[], object]) -> float:
    """Take somebody out who has a session, and wait until it opens nothing."""
    client = Client()
    client.force_login(User.objects.get(username=person))
    assert client.get("/").status_code == 200
    started = time.monotonic()
    remove()
    while client.get("/").status_code == 200:
        assert time.monotonic() - started < LIMIT_S
    return round(time.monotonic() - started, 3)


def glances(server: LdapServer, directory: Directory) -> dict[str, float]:
    """Time a glance at many who are at work, and at one of them who was disabled."""
    people = User.objects.filter(identities__directory=directory).order_by("pk")[:AT_WORK]
    UserSession.objects.bulk_create(
        UserSession(user=one, session_key=f"s{one.pk}", ip="127.0.0.1", user_agent="x")
        for one in people
    )
    started = time.monotonic()
    report = glance(directory)
    assert report is not None
    assert (report.people, report.changes) == (AT_WORK, 0)
    quiet = round(time.monotonic() - started, 3)
    server.change(f"uid=p10,{PEOPLE}", "pwdAccountLockedTime", "000001010000Z")
    disabled = seconds_until_refused("p10", lambda: glance(directory))
    return {"glance_at_200_people": quiet, "ldap_disabled_by_glance": disabled}


def test_seconds_from_removal_to_refusal(tmp_path: Path) -> None:
    tree, members = many_people(PEOPLE_COUNT)
    for number in range(GROUP_COUNT):
        start = number * 20
        tree += group_entry(f"g{number}", members[start : start + IN_A_GROUP])
    measured: dict[str, float] = {}
    with running(tmp_path / "slapd", tree=tree) as server:
        directory = server.directory()
        with opened(config_of(directory), seconds=120) as link:
            everybody = read_everybody(link, config_of(directory))
        for told in everybody.values():
            assert arrive(directory, told, takes_groups=True)
        measured["sync_without_changes"] = sync_directory(directory).seconds
        measured |= glances(server, directory)
        server.change(f"uid=p1,{PEOPLE}", "pwdAccountLockedTime", "000001010000Z")
        measured["ldap_disabled"] = seconds_until_refused("p1", lambda: sync_directory(directory))
        server.delete(f"uid=p2,{PEOPLE}")
        measured["ldap_deleted"] = seconds_until_refused("p2", lambda: sync_directory(directory))
        server.leave(f"cn=g0,{GROUPS}", f"uid=p3,{PEOPLE}")
        started = time.monotonic()
        assert sync_directory(directory).left == 1
        measured["ldap_group_left"] = round(time.monotonic() - started, 3)
    provider = make_provider("okta")
    ana, ben = provider.user("ana"), provider.user("ben")
    group = provider.group("all", ana, ben)
    off = {"op": "replace", "value": {"active": False}}
    measured["scim_inactive"] = seconds_until_refused(
        "ana", lambda: provider.patch(f"Users/{ana}", off)
    )
    started = time.monotonic()
    provider.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{ben}"]'})
    measured["scim_group_left"] = round(time.monotonic() - started, 3)
    assert not User.objects.get(username="ben").groups.exists()
    measured["scim_deleted"] = seconds_until_refused(
        "ben", lambda: provider.send("DELETE", f"Users/{ben}")
    )
    sys.stdout.write(f"\n{json.dumps({'people': PEOPLE_COUNT, **measured})}\n")
    assert max(measured.values()) < LIMIT_S
