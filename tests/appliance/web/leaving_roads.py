"""Somebody who uses everything at once, and the ways on which that can be taken from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from django.core.management import call_command
from django.db import connection
from django.test import Client

from appliance.accounts.ldap.glancing import glance
from appliance.accounts.models import Directory, User
from appliance.accounts.oidc.renewing import Look, ask_again
from appliance.accounts.tokens import revoke_all
from appliance.conversations.models import Message, Thread
from appliance.sources.models import Grant
from tests.appliance.accounts.ldap.test_signing_in import sign_in as sign_in_by_ldap
from tests.appliance.accounts.oidc.conftest import make_directory
from tests.appliance.accounts.oidc.conftest import sign_in as sign_in_by_openid
from tests.appliance.accounts.scim.client import Provider, make_provider
from tests.appliance.accounts.signing import sign_in
from tests.identity.hostile import HostileProvider, hostile_provider
from tests.ldapserver import GROUPS, PEOPLE, READER, LdapServer, running


@dataclass
class Outside:
    """Directories of the company: one that sends by SCIM, a real LDAP server, one of OpenID."""

    scim: Provider
    ldap: LdapServer
    directory: Directory
    openid: HostileProvider

    def arrival(self, road: str, name: str) -> User | None:
        """Bring somebody, with a group of their own name, by the directory of a road."""
        if "SCIM" in road:
            self.scim.group(name, self.scim.user(name))
        elif "LDAP" in road:
            self.ldap.add_group(name, self.ldap.add_person(name))
            assert sign_in_by_ldap(name)
        elif "OpenID" in road:
            self.openid.refresh, self.openid.claims = "first", {"sub": name, "groups": [name]}
            self.openid.claims["preferred_username"] = name
            assert sign_in_by_openid(Client(), self.openid).status_code == 302
        else:
            return None
        return User.objects.get(username=name)

    def look(self) -> None:
        """Look as the schedule does every five seconds; what that adds is not in the figures."""
        assert glance(self.directory) is not None


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    with running(folder) as server, hostile_provider() as openid:
        make_directory(openid, renews=True)
        yield Outside(make_provider(), server, server.directory(), openid)


@dataclass
class World:
    """Somebody who uses everything at once, and what they look at."""

    owner: User
    admin: User
    address: str
    session: httpx.Client
    token: httpx.Client
    written: Message  # an answer that is being written
    queued: Message
    kept: Message  # one that is finished
    shared: Thread  # of somebody else
    outside: Outside  # the directories that they may be of


def by_page(world: World) -> None:
    admin = Client()
    sign_in(admin, world.admin)
    assert admin.post(f"/people/{world.owner.pk}/disable/").status_code == 302


def by_scim(world: World) -> None:
    off = {"op": "replace", "value": {"active": False}}
    assert world.outside.scim.patch(f"Users/{id_of(world)}", off).status == 200


def by_scim_deletion(world: World) -> None:
    assert world.outside.scim.send("DELETE", f"Users/{id_of(world)}").status == 204


def by_scim_group(world: World) -> None:
    listed = world.outside.scim.get("Groups", filter=f'displayName eq "{world.owner.username}"')
    (group,) = listed.body["Resources"]
    left = {"op": "remove", "path": f'members[value eq "{id_of(world)}"]'}
    assert world.outside.scim.patch(f"Groups/{group['id']}", left).status in {200, 204}


def id_of(world: World) -> str:
    name = world.owner.username
    listed = world.outside.scim.get("Users", filter=f'userName eq "{name}"')
    return str(listed.body["Resources"][0]["id"])


def by_ldap(world: World) -> None:
    dn = f"uid={world.owner.username},{PEOPLE}"
    world.outside.ldap.change(dn, "pwdAccountLockedTime", "000001010000Z")
    world.outside.look()


def by_ldap_deletion(world: World) -> None:
    world.outside.ldap.delete(f"uid={world.owner.username},{PEOPLE}")
    world.outside.look()


def by_ldap_group(world: World) -> None:
    world.outside.ldap.change(f"cn={world.owner.username},{GROUPS}", "member", READER)
    world.outside.look()


def by_openid(world: World) -> None:
    world.outside.openid.refusal = (400, "invalid_grant")
    assert ask_again(Directory.objects.get(slug="acme")) == Look(lapsed=1)


def by_command(world: World) -> None:
    call_command("person", world.owner.username, "--disable")


def by_sql(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET is_active = false WHERE id = %s", [world.owner.pk])


def by_deletion(world: World) -> None:
    User.objects.get(pk=world.owner.pk).delete()


def by_group(world: World) -> None:
    world.owner.groups.clear()


def by_grant(world: World) -> None:
    Grant.objects.filter(group__user=world.owner).delete()


def by_revoking(world: World) -> None:
    """Of sessions and tokens alone: the account stays, and with it what it asked for."""
    admin = Client()
    admin.force_login(world.admin)
    admin.post(f"/people/{world.owner.pk}/sign-out/")
    revoke_all(world.owner, by=world.admin)


ROADS: dict[str, Callable[[World], None]] = {
    "disabled on the page": by_page,
    "disabled by SCIM": by_scim,
    "deleted by SCIM": by_scim_deletion,
    "out of the group by SCIM": by_scim_group,
    "disabled in LDAP": by_ldap,
    "deleted in LDAP": by_ldap_deletion,
    "out of the group in LDAP": by_ldap_group,
    "disabled at OpenID": by_openid,
    "disabled by the command": by_command,
    "disabled in the database": by_sql,
    "account deleted": by_deletion,
    "removed from the group": by_group,
    "grant revoked": by_grant,
    "session and tokens revoked": by_revoking,
}
KEEPS_THE_JOBS = {"session and tokens revoked"}
KEEPS_THE_QUEUE = {
    *("removed from the group", "out of the group by SCIM", "out of the group in LDAP"),
    *("grant revoked", *KEEPS_THE_JOBS),
}
