"""From a person of an LDAP directory to a person here."""

from __future__ import annotations

from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.utils import timezone

from appliance.accounts.ldap.reading import LdapPerson, Told
from appliance.accounts.mapping import Mapper
from appliance.accounts.memberships import set_memberships
from appliance.accounts.models import Directory, Identity, User
from appliance.accounts.people import make_person, update_person
from appliance.accounts.targets import actor_of


def arrive(directory: Directory, told: Told, *, takes_groups: bool) -> User | None:
    """Return the person who signed in, made at the first time; their groups are the directory's.

    None when the directory makes nobody and has not brought them, or when they are shut out here.
    A person is never found by name among local accounts or those of other directories.
    """
    try:
        with transaction.atomic():
            identity = _identity(directory, told.person)
            if identity is None or not identity.user.is_active:
                return None
            if takes_groups:
                set_memberships(directory, identity.user, Mapper(directory).groups_for(told.groups))
            note(identity, told)
            identity.signed_in_at = timezone.now()
            identity.save(update_fields=["signed_in_at"])
    except IntegrityError:  # signed in twice at once for the first time: the other one was first
        identity = directory.identities.get(subject=told.person.subject)
    return identity.user


def note(identity: Identity, told: Told) -> None:
    """Keep what the directory tells of somebody, for the admin's preview."""
    identity.user_name = told.person.facts.user_name
    identity.attributes = attributes_of(told)
    identity.seen_at = timezone.now()
    identity.save(update_fields=["user_name", "attributes", "seen_at"])
    update_person(identity.user, told.person.facts, by=actor_of(identity.directory))


def attributes_of(told: Told) -> dict[str, object]:
    return {**asdict(told.person.facts), "dn": told.person.dn, "groups": sorted(told.groups)}


def _identity(directory: Directory, person: LdapPerson) -> Identity | None:
    known = directory.identities.select_related("user", "directory")
    if identity := known.filter(subject=person.subject).first():
        return identity
    brought = known.filter(
        subject="", user_name__iexact=person.facts.user_name, removed_at=None
    ).first()
    if brought:  # by SCIM, of this same directory
        brought.subject = person.subject
        brought.save(update_fields=["subject"])
        return brought
    if not directory.creates_people:
        return None
    user = make_person(person.facts, directory)
    return Identity.objects.create(
        directory=directory,
        user=user,
        subject=person.subject,
        user_name=person.facts.user_name,
    )
