"""How one LDAP directory is reached and read: its settings as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings

from appliance.accounts.ldap.errors import LdapMisconfigured
from appliance.accounts.models import Directory
from indexer import sealing
from indexer.errors import FetchRefused


class Security(StrEnum):
    """How the way to the server is protected. The certificate is checked with both kinds of TLS."""

    LDAPS = "ldaps"
    START_TLS = "starttls"
    NONE = "none"  # to this machine only


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class LdapConfig:
    """The settings of one directory with its password, as they are used."""

    servers: tuple[Server, ...]
    security: Security
    ca_pem: str  # empty: the authorities that this machine trusts
    bind_dn: str  # of the service account; empty with a bind template
    bind_password: str
    bind_template: str  # such as {name}@corp.example.com: people bind directly
    people_base: str
    people_filter: str
    name_attributes: tuple[str, ...]  # what people may type, the first is their user name
    subject_attribute: str
    email_attribute: str
    groups_base: str
    groups_filter: str
    group_name: str  # an attribute, or "dn"
    member_attribute: str
    is_nested: bool


PRESETS: dict[str, dict[str, Any]] = {
    "openldap": {
        "people_filter": "(objectClass=inetOrgPerson)",
        "name_attributes": ["uid"],
        "subject_attribute": "entryUUID",
        "email_attribute": "mail",
        "groups_filter": "(objectClass=groupOfNames)",
        "group_name": "cn",
        "member_attribute": "member",
        "is_nested": True,
    },
    "ad": {
        "people_filter": "(&(objectCategory=person)(objectClass=user))",
        "name_attributes": ["sAMAccountName", "userPrincipalName"],
        "subject_attribute": "objectGUID",
        "email_attribute": "mail",
        "groups_filter": "(objectClass=group)",
        "group_name": "cn",
        "member_attribute": "member",
        "is_nested": True,
    },
}
PORTS = {Security.LDAPS: 636, Security.START_TLS: 389, Security.NONE: 389}


def config_of(directory: Directory) -> LdapConfig:
    """Return a directory's settings as values. Raises LdapMisconfigured."""
    try:
        secret = (
            sealing.unseal_text(directory.sealed_secret, key=settings.SECRET_KEY)
            if directory.sealed_secret
            else ""
        )
    except FetchRefused as exc:
        raise LdapMisconfigured(str(exc)) from exc
    return read_config(directory.settings, secret)


def read_config(given: Mapping[str, Any], secret: str) -> LdapConfig:
    """Fill what is not set from the preset. Raises LdapMisconfigured."""
    written = {name: value for name, value in given.items() if value not in ("", [], None)}
    values = {**PRESETS.get(str(given.get("preset", "")), PRESETS["openldap"]), **written}
    try:
        security = Security(values["security"])
        return LdapConfig(
            servers=tuple(read_server(text, security) for text in values["servers"]),
            security=security,
            ca_pem=values.get("ca_pem", ""),
            bind_dn=values.get("bind_dn", ""),
            bind_password=secret,
            bind_template=values.get("bind_template", ""),
            people_base=values["people_base"],
            people_filter=values["people_filter"],
            name_attributes=tuple(values["name_attributes"]),
            subject_attribute=values["subject_attribute"],
            email_attribute=values["email_attribute"],
            groups_base=values.get("groups_base", ""),
            groups_filter=values["groups_filter"],
            group_name=values["group_name"],
            member_attribute=values["member_attribute"],
            is_nested=bool(values["is_nested"]),
        )
    except (KeyError, ValueError, TypeError) as exc:
        raise LdapMisconfigured(
            f"The settings of this directory are not complete: {exc}. Open and save them again."
        ) from exc


def read_server(text: str, security: Security) -> Server:
    """Read `host` or `host:port`, also with an IPv6 address in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":") if _has_port(text) else (text, "", "")
    host = host.strip("[]")
    number = int(port) if port else PORTS[security]
    if not host or any(char.isspace() or char in "/@?#" for char in host):
        raise ValueError(f"{text!r} is no server: write a name such as ldap.example.com:636")
    if not 0 < number < 65536:
        raise ValueError(f"{text!r}: a port is a number up to 65535")
    return Server(host, number)


def _has_port(text: str) -> bool:
    return "]:" in text if text.startswith("[") else text.count(":") == 1
