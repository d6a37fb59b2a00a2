"""What "test this connection" does with an LDAP directory: each step as a person would look at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from appliance.accounts.directories.claims import Told
from appliance.accounts.directories.preview import preview_of
from appliance.accounts.directories.steps import State, Step
from appliance.accounts.ldap.config import LdapConfig, Security, Server, config_of
from appliance.accounts.ldap.connection import Link, connect
from appliance.accounts.ldap.errors import LdapError, LdapUntrusted
from appliance.accounts.ldap.reading import LdapPerson, find_people, groups_of, to_person
from appliance.accounts.models import Directory

SECONDS = 8.0  # for each server
SHOWN = 5
LOOKED_AT = 100
SKIPPED = "A step before it failed."
LATER = (
    *("Sign in as the service account", "Find people", "Find one person", "Read their groups"),
    "See what would come of it here",
)


def test_connection(directory: Directory, name: str = "") -> Iterator[Step]:  # noqa: PT028
    """Give each step when it is done; with a name, also who that is and their groups."""
    try:
        config = config_of(directory)
    except LdapError as exc:
        yield Step("Read the settings", State.FAILED, str(exc))
        return
    links: list[Link] = []
    for server in config.servers:
        yield from _reach(config, server, links)
    if not links:
        yield from (Step(step, State.SKIPPED, SKIPPED) for step in LATER)
        return
    try:
        yield from _look(directory, config, links[0], name)
    finally:
        for link in links:
            link.close()


setattr(test_connection, "__test__", False)  # noqa: B010 - pytest must not take it for its own


def _reach(config: LdapConfig, server: Server, links: list[Link]) -> Iterator[Step]:
    reach, protect = f"Reach {server}", f"Check the certificate of {server}"
    try:
        links.append(connect(config, server, SECONDS, time.monotonic() + SECONDS))
    except LdapUntrusted as exc:
        yield Step(reach, State.OK)
        yield Step(protect, State.FAILED, str(exc))
    except LdapError as exc:
        yield Step(reach, State.FAILED, str(exc))
        yield Step(protect, State.SKIPPED, SKIPPED)
    else:
        yield Step(reach, State.OK)
        if config.security == Security.NONE:
            says = "Nothing is encrypted: for a server on this machine only."
            yield Step(protect, State.SKIPPED, says)
        else:
            yield Step(protect, State.OK, "It is trusted, and for this name.")


def _look(directory: Directory, config: LdapConfig, link: Link, name: str) -> Iterator[Step]:
    bind, find, *of_one = LATER
    if config.bind_template:
        says = "People bind directly: what they may read shows when somebody signs in."
        yield from (Step(step, State.SKIPPED, says) for step in LATER)
        return
    try:
        link.bind(config.bind_dn, config.bind_password)
        yield Step(bind, State.OK, config.bind_dn)
    except LdapError as exc:
        yield Step(bind, State.FAILED, f"{exc} Correct the service account or its password.")
        yield from (Step(step, State.SKIPPED, SKIPPED) for step in LATER[1:])
        return
    yield _some_people(config, link, find)
    if not name:
        says = "Give a name to see who that is and which groups they are in."
        yield from (Step(step, State.SKIPPED, says) for step in of_one)
        return
    yield from _one_person(directory, config, link, name)


def _some_people(config: LdapConfig, link: Link, step: str) -> Step:
    attributes = [*config.name_attributes, config.subject_attribute]
    try:
        found = link.search(config.people_base, config.people_filter, attributes)
        entries = list(islice(found, LOOKED_AT))
    except LdapError as exc:
        return Step(step, State.FAILED, str(exc))
    people = [person for entry in entries if (person := to_person(entry, config))]
    if not entries:
        says = f"Nobody is found below {config.people_base}. Check the base and the filter."
        return Step(step, State.FAILED, says)
    if not people:
        says = (
            f"{len(entries)} entries are found, but none has both {config.name_attributes[0]} and "
            f"{config.subject_attribute}. Check these two, and what the service account may read."
        )
        return Step(step, State.FAILED, says)
    names = ", ".join(person.facts.user_name for person in people[:SHOWN])
    more = "at least " if len(entries) == LOOKED_AT else ""
    return Step(step, State.OK, f"{more}{len(people)} people, such as {names}")


def _one_person(directory: Directory, config: LdapConfig, link: Link, name: str) -> Iterator[Step]:
    _, _, one, read, here = LATER
    try:
        people = find_people(link, config, name)
    except LdapError as exc:
        people = []
        yield Step(one, State.FAILED, str(exc))
    else:
        yield _who(one, name, people)
    if len(people) != 1:
        yield from (Step(step, State.SKIPPED, SKIPPED) for step in (read, here))
        return
    try:
        groups = sorted(groups_of(link, config, people[0]))
    except LdapError as exc:
        yield Step(read, State.FAILED, str(exc))
        yield Step(here, State.SKIPPED, SKIPPED)
        return
    if not config.groups_base:
        yield Step(read, State.SKIPPED, "No base for groups is set: nobody gets any from here.")
    else:
        says = f"{len(groups)}: {', '.join(groups)}" if groups else "They are in none."
        yield Step(read, State.OK, says)
    yield Step(here, State.OK, _here(directory, people[0], groups if config.groups_base else None))


def _here(directory: Directory, person: LdapPerson, groups: list[str] | None) -> str:
    """Say what a sign-in would make of somebody; nothing is changed."""
    named = None if groups is None else tuple(groups)
    seen = preview_of(directory, Told(person.subject, person.facts.user_name, groups=named))
    if seen.groups is None:
        return f"{seen.person} Their groups here stay as they are."
    rest = f" No group here: {', '.join(seen.unmapped)}." if seen.unmapped else ""
    return f"{seen.person} Groups here: {', '.join(seen.groups) or 'none'}.{rest}"


def _who(step: str, name: str, people: list[LdapPerson]) -> Step:
    if not people:
        return Step(step, State.FAILED, f"Nobody is called {name}. Check the attributes of names.")
    if len(people) > 1:
        return Step(step, State.FAILED, f"Several entries are called {name}: none may sign in.")
    person = people[0]
    state = "disabled there" if person.is_disabled else "may sign in"
    return Step(step, State.OK, f"{person.dn}, {person.subject}, {state}")
