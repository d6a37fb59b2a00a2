"""Whether a name and a password are good, as an LDAP directory says."""

from __future__ import annotations

from ldap3.utils.dn import escape_rdn

from appliance.accounts.ldap.config import LdapConfig
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.deadline import within
from appliance.accounts.ldap.errors import LdapRefusal
from appliance.accounts.ldap.reading import MAX_NAME, Told, find_people, groups_of

MAX_PASSWORD = 1024


def look_up(config: LdapConfig, name: str, password: str, *, seconds: float) -> Told | None:
    """Return who this is, or None when name or password are wrong. Raises LdapError.

    Answers within so many seconds whatever the servers do. Does not use the database.
    """
    if not can_be_tried(name, password):
        return None
    ask = _by_template if config.bind_template else _by_service_account
    try:
        return within(seconds, lambda: ask(config, name, password, seconds))
    except LdapRefusal:
        return None


def can_be_tried(name: str, password: str) -> bool:
    """Return whether a server is asked at all; an empty password would bind as nobody."""
    return (
        0 < len(name.strip()) <= MAX_NAME
        and name.isprintable()
        and 0 < len(password) <= MAX_PASSWORD
        and "\0" not in password
    )


def _by_service_account(
    config: LdapConfig, name: str, password: str, seconds: float
) -> Told | None:
    with opened(config, seconds=seconds) as link:
        people = find_people(link, config, name)
        if len(people) != 1 or people[0].is_disabled:
            return None
        person = people[0]
        groups = groups_of(link, config, person)
        # Last, on the same connection: what was read was read with the service account's rights.
        link.bind(person.dn, password)
    return Told(person, groups)


def _by_template(config: LdapConfig, name: str, password: str, seconds: float) -> Told | None:
    with opened(config, seconds=seconds, bind=False) as link:
        link.bind(bind_name(config.bind_template, name), password)
        people = find_people(link, config, name)
        if len(people) != 1 or people[0].is_disabled:
            return None
        person = people[0]
        groups = groups_of(link, config, person)
        # The name may have bound one entry and found another: the password must open this one.
        link.bind(person.dn, password)
    return Told(person, groups)


def bind_name(template: str, name: str) -> str:
    """Put a name into a template, escaped where that is a distinguished name."""
    is_dn = "=" in template.partition("{name}")[0]
    return template.replace("{name}", escape_rdn(name) if is_dn else name)
