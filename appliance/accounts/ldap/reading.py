"""People and groups as an LDAP directory holds them, nested groups included."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ldap3.utils.conv import escape_filter_chars

from appliance.accounts.ldap.config import LdapConfig
from appliance.accounts.ldap.connection import Entry, Link
from appliance.accounts.ldap.errors import LdapError
from appliance.accounts.people import Facts

MAX_NAME = 256
MAX_DEPTH = 20  # of groups in groups
MAX_GROUPS = 5000  # of one person
ASKED_AT_ONCE = 50
DISABLED_BIT = 0x2  # of Active Directory's userAccountControl
MOST_DIGITS = 20  # of a number that fits there
LOCKED_FOR_GOOD = "000001010000Z"  # of OpenLDAP's pwdAccountLockedTime
STATE_ATTRIBUTES = ("userAccountControl", "pwdAccountLockedTime", "nsAccountLock")
AROUND_SEPARATORS = re.compile(r"\s*([,=+])\s*")


@dataclass(frozen=True, slots=True)
class LdapPerson:
    """One person of a directory."""

    dn: str
    subject: str  # what never changes: entryUUID or objectGUID
    facts: Facts
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a directory says of one person now."""

    person: LdapPerson
    groups: frozenset[str]


def find_people(link: Link, config: LdapConfig, name: str) -> list[LdapPerson]:
    """Return who has this name, two at most: more than one is as good as nobody."""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return []
    escaped = escape_filter_chars(name)
    names = "".join(f"({attribute}={escaped})" for attribute in config.name_attributes)
    wanted = f"(&{config.people_filter}(|{names}))"
    entries = link.search(config.people_base, wanted, _attributes(config), at_most=2)
    return [person for entry in entries if (person := to_person(entry, config))]


def groups_of(link: Link, config: LdapConfig, person: LdapPerson) -> frozenset[str]:
    """Return the names of every group that somebody is in, by walking up from them."""
    if not config.groups_base:
        return frozenset()
    found: dict[str, str] = {}
    members = [_member_value(config, person)]
    for _ in range(MAX_DEPTH):
        above = list(_groups_with(link, config, members))
        members = [entry.dn for entry in above if normal_dn(entry.dn) not in found]
        found |= {normal_dn(entry.dn): group_name(entry, config) for entry in above}
        if len(found) > MAX_GROUPS:
            raise LdapError(f"One person is in more than {MAX_GROUPS} groups.")
        if not members or not _climbs(config):
            break
    return frozenset(found.values())


def read_everybody(link: Link, config: LdapConfig) -> dict[str, Told]:
    """Return everybody by subject, with their groups: the whole directory, in pages."""
    entries = link.search(config.people_base, config.people_filter, _attributes(config))
    people = [person for entry in entries if (person := to_person(entry, config))]
    names, parents = _read_groups(link, config)
    told = {}
    for person in people:
        start = _folded_member(config, _member_value(config, person))
        groups = _above(start, parents, climbs=_climbs(config))
        told[person.subject] = Told(person, frozenset(names[dn] for dn in groups))
    return told


def read_some(link: Link, config: LdapConfig, subjects: Sequence[str]) -> dict[str, Told]:
    """Return these people by subject, as far as they are there, with the groups of who may enter."""
    told = {}
    for start in range(0, len(subjects), ASKED_AT_ONCE):
        some = subjects[start : start + ASKED_AT_ONCE]
        any_of = "".join(f"({config.subject_attribute}={_escaped(one, config)})" for one in some)
        wanted = f"(&{config.people_filter}(|{any_of}))"
        for entry in list(link.search(config.people_base, wanted, _attributes(config))):
            if person := to_person(entry, config):
                groups = frozenset() if person.is_disabled else groups_of(link, config, person)
                told[person.subject] = Told(person, groups)
    return told


def to_person(entry: Entry, config: LdapConfig) -> LdapPerson | None:
    """Return None for an entry without a name or without what never changes."""
    subject = _subject(entry, config.subject_attribute)
    name = entry.text(config.name_attributes[0])
    if not subject or not name:
        return None
    facts = Facts(
        name[:MAX_NAME],
        entry.text("givenName"),
        entry.text("sn"),
        entry.text(config.email_attribute),
    )
    return LdapPerson(entry.dn, subject, facts, _is_disabled(entry))


def group_name(entry: Entry, config: LdapConfig) -> str:
    return entry.dn if config.group_name == "dn" else entry.text(config.group_name) or entry.dn


def normal_dn(dn: str) -> str:
    """Make two spellings of one distinguished name equal: case, and blanks around separators."""
    return AROUND_SEPARATORS.sub(r"\1", dn.strip()).casefold()


def _subject(entry: Entry, attribute: str) -> str:
    if attribute.lower() != "objectguid":
        return entry.text(attribute)
    raw = next(iter(entry.values.get("objectguid", ())), b"")
    return str(uuid.UUID(bytes_le=raw)) if len(raw) == 16 else ""


def _escaped(subject: str, config: LdapConfig) -> str:
    """Return what never changes of a person as a filter of LDAP has it."""
    if config.subject_attribute.lower() != "objectguid":
        return str(escape_filter_chars(subject))
    return "".join(f"\\{byte:02x}" for byte in uuid.UUID(subject).bytes_le)


def _is_disabled(entry: Entry) -> bool:
    control = entry.text("userAccountControl")
    return (
        (control.isdecimal() and bool(int(control[:MOST_DIGITS]) & DISABLED_BIT))
        or entry.text("pwdAccountLockedTime") == LOCKED_FOR_GOOD
        or entry.text("nsAccountLock").lower() == "true"
    )


def _attributes(config: LdapConfig) -> list[str]:
    named = [*config.name_attributes, config.subject_attribute, config.email_attribute]
    return [*dict.fromkeys([*named, "givenName", "sn", *STATE_ATTRIBUTES])]


def _climbs(config: LdapConfig) -> bool:
    return config.is_nested and not _is_by_name(config)


def _is_by_name(config: LdapConfig) -> bool:
    """Whether groups name their members (posixGroup), not point to them."""
    return config.member_attribute.lower() == "memberuid"


def _member_value(config: LdapConfig, person: LdapPerson) -> str:
    return person.facts.user_name if _is_by_name(config) else person.dn


def _folded_member(config: LdapConfig, value: str) -> str:
    return value if _is_by_name(config) else normal_dn(value)


def _groups_with(link: Link, config: LdapConfig, members: list[str]) -> Iterator[Entry]:
    attributes = ["1.1" if config.group_name == "dn" else config.group_name]  # 1.1: none
    for start in range(0, len(members), ASKED_AT_ONCE):
        some = members[start : start + ASKED_AT_ONCE]
        any_of = "".join(f"({config.member_attribute}={escape_filter_chars(one)})" for one in some)
        yield from link.search(
            config.groups_base, f"(&{config.groups_filter}(|{any_of}))", attributes
        )


def _read_groups(link: Link, config: LdapConfig) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return the name of each group, and of each member the groups that it is in."""
    names: dict[str, str] = {}
    parents: dict[str, set[str]] = {}
    if not config.groups_base:
        return names, parents
    attributes = ["cn", config.member_attribute]
    if config.group_name != "dn":
        attributes.append(config.group_name)
    for entry in link.search(config.groups_base, config.groups_filter, attributes):
        dn = normal_dn(entry.dn)
        names[dn] = group_name(entry, config)
        for member in entry.texts(config.member_attribute):
            parents.setdefault(_folded_member(config, member), set()).add(dn)
    return names, parents


def _above(start: str, parents: dict[str, set[str]], *, climbs: bool) -> set[str]:
    """Return all groups above a member; groups that hold each other end the walk, not the program."""
    found: set[str] = set()
    members: Iterable[str] = [start]
    for _ in range(MAX_DEPTH):
        above = {dn for member in members for dn in parents.get(member, ())} - found
        found |= above
        members = above
        if not above or not climbs:
            break
    return found
