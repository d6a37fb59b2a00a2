"""A real LDAP server for tests: Debian's slapd with a folder of its own, on free ports of loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3
import pytest

from appliance.accounts.models import Directory
from indexer import sealing
from tests.certificates import Authority

SUFFIX = "dc=corp,dc=example"
PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
READER, READER_PASSWORD = f"cn=reader,{SUFFIX}", "reader's secret"
ROOT, ROOT_PASSWORD = f"cn=root,{SUFFIX}", "root's secret"
PASSWORD = "correct horse"
SECONDS_TO_START = 15

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
sizelimit unlimited
{extra}
database mdb
suffix "{suffix}"
rootdn "{root}"
rootpw "{root_password}"
directory {folder}/db
index objectClass,uid,member,entryUUID eq
overlay memberof
overlay refint
refint_attributes member memberOf
overlay ppolicy
access to attrs=userPassword by anonymous auth by * none
access to * by {readers} read by * none
"""

TREE = f"""
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Corp
dc: corp

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {READER_PASSWORD}
"""


@dataclass(slots=True)
class LdapServer:
    """A running server, and hands to change what it holds."""

    folder: Path
    port: int
    tls_port: int
    authority: Authority
    process: subprocess.Popen[bytes]

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return the settings of a directory that reads this server by LDAPS."""
        return {
            "preset": "openldap",
            "servers": [f"127.0.0.1:{self.tls_port}"],
            "security": "ldaps",
            "ca_pem": self.authority.pem,
            "bind_dn": READER,
            "people_base": PEOPLE,
            "groups_base": GROUPS,
            "groups_as_named": True,
            **changes,
        }

    def directory(self, name: str = "corp", **changes: Any) -> Directory:
        """Set up a directory here that reads this server."""
        from django.conf import settings  # after the tests' settings are chosen

        return Directory.objects.create(
            name=name,
            slug=name,
            kind=Directory.Kind.LDAP,
            is_enabled=True,
            settings=self.settings(**changes),
            sealed_secret=sealing.seal_text(READER_PASSWORD, key=settings.SECRET_KEY),
        )

    def add_person(self, uid: str, rdn: str = "", **more: str) -> str:
        dn = f"{rdn or f'uid={uid}'},{PEOPLE}"
        values = {"uid": uid, "sn": uid.title(), "cn": uid, "givenName": uid.title()}
        values |= {"mail": f"{uid}@corp.example", "userPassword": PASSWORD, **more}
        self._do("add", dn, ["inetOrgPerson"], values)
        return dn

    def add_group(self, name: str, *members: str) -> str:
        dn = f"cn={name},{GROUPS}"
        self._do("add", dn, ["groupOfNames"], {"cn": name, "member": list(members) or [READER]})
        return dn

    def change(self, dn: str, attribute: str, *values: str) -> None:
        self._do("modify", dn, {attribute: [(ldap3.MODIFY_REPLACE, list(values))]})

    def leave(self, group: str, member: str) -> None:
        self._do("modify", group, {"member": [(ldap3.MODIFY_DELETE, [member])]})

    def join(self, group: str, member: str) -> None:
        self._do("modify", group, {"member": [(ldap3.MODIFY_ADD, [member])]})

    def delete(self, dn: str) -> None:
        self._do("delete", dn)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def _do(self, operation: str, *args: Any) -> None:
        server = ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE)
        connection = ldap3.Connection(server, ROOT, ROOT_PASSWORD, auto_bind=True)
        try:
            assert getattr(connection, operation)(*args), connection.result
        finally:
            connection.unbind()


def many_people(count: int) -> tuple[str, list[str]]:
    """Return the entries of so many people, p0 and on, and their distinguished names."""
    names = [f"uid=p{number},{PEOPLE}" for number in range(count)]
    entries = "".join(
        f"\ndn: {name}\nobjectClass: inetOrgPerson\nuid: p{number}\nsn: {number}\ncn: p{number}\n"
        f"userPassword: {PASSWORD}\n"
        for number, name in enumerate(names)
    )
    return entries, names


def group_entry(name: str, members: list[str]) -> str:
    lines = "".join(f"member: {member}\n" for member in members)
    return f"\ndn: cn={name},{GROUPS}\nobjectClass: groupOfNames\ncn: {name}\n{lines}"


def find_slapd() -> str:
    path = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("slapd is missing")
        pytest.skip("slapd is not installed")
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(
    folder: Path,
    *,
    extra: str = "",
    names: tuple[str, ...] = ("127.0.0.1",),
    tree: str = "",
    readers: str = f'dn.exact="{READER}"',
) -> Iterator[LdapServer]:
    """Start a server without people; `extra` are lines for its configuration, `tree` entries."""
    slapd = find_slapd()
    (folder / "db").mkdir(parents=True)
    authority = Authority(folder)
    pair = authority.issue("server", names)
    values: Mapping[str, object] = {
        "folder": folder,
        "certificate": pair.certificate,
        "key": pair.key,
        "extra": extra,
        "suffix": SUFFIX,
        "root": ROOT,
        "root_password": ROOT_PASSWORD,
        "readers": readers,
    }
    config, entries = folder / "slapd.conf", folder / "tree.ldif"
    config.write_text(CONFIG.format(**values))
    entries.write_text(TREE + tree)
    subprocess.run(
        [slapd, "-T", "add", "-q", "-f", config, "-l", entries], check=True, capture_output=True
    )
    port, tls_port = free_port(), free_port()
    urls = f"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}"
    log = (folder / "log").open("wb")
    process = subprocess.Popen([slapd, "-d", "0", "-f", config, "-h", urls], stderr=log)
    try:
        _wait(process, tls_port)
        yield LdapServer(folder, port, tls_port, authority, process)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        assert process.poll() is None, "slapd ended"
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("slapd does not answer")
